import CSQLite
import Crypto
import QueueModel

@testable import SQLite

/// All that a store holds which clients can notice, row by row.
///
/// Of each row there is a hash: a store is looked at after every batch, and its rows as text would take longer than the
/// batch.
struct StoreContents: Equatable {
    private let tables: [[UInt64]]

    /// Inside a transaction the counts of backlogs are not written yet, so they are left to the invariants; the noted time
    /// and the reserved numbers may be ahead of what clients know.
    private static let queries: [StaticString] = [
        "SELECT * FROM queue", "SELECT * FROM queue_tag", "SELECT * FROM deleted_queue", "SELECT * FROM message",
        "SELECT * FROM message_group", "SELECT * FROM deduplication", "SELECT * FROM receive_attempt",
        "SELECT * FROM message_move_task", "SELECT id, queue_id FROM backlog",
        "SELECT id, length(body), md5 FROM message_body",
    ]

    /// Reads on a connection, also one with a transaction under way.
    init(on connection: Connection) throws {
        tables = try Self.queries.map { query in try connection.statement(query).all { $0.hash } }
    }

    /// The MD5 of the body of each message in a queue, as it is stored.
    static func messages(on connection: Connection) throws -> [MessageID: [UInt8]] {
        let stored = try connection.statement(
            """
            SELECT message_id, md5 FROM message JOIN queue USING (backlog_id)
            JOIN message_body ON message_body.id = message.id
            """
        ).all { (MessageID(stored: $0.bytes(0)), $0.bytes(1)) }
        return Dictionary(uniqueKeysWithValues: stored)
    }

    /// The rows of bodies that are not what their MD5 says.
    static func damagedBodies(on connection: Connection) throws -> [Int64] {
        try connection.statement("SELECT id, body, md5 FROM message_body").all {
            (id: $0.integer(0), isWhole: MD5.digest(of: $0.bytes(1)) == $0.bytes(2))
        }.filter { !$0.isWhole }.map(\.id)
    }

    /// What `connection` holds, whose contents these are, and `other` does not, and how much it is the other way round.
    func difference(to other: StoreContents, on connection: Connection) throws -> String {
        let lines = try zip(Self.queries, zip(tables, other.tables)).map { query, hashes in
            let (found, expected) = (Set(hashes.0), Set(hashes.1))
            let rows = try connection.statement(query).all { (hash: $0.hash, text: $0.description) }
            let unexpected = rows.filter { !expected.contains($0.hash) }.prefix(5).map(\.text)
            let missing = expected.subtracting(found).count
            return missing == 0 && unexpected.isEmpty
                ? "" : "\(query): \(missing) rows are missing, unexpected are \(unexpected)\n"
        }
        return lines.joined()
    }
}

extension Row {
    /// Of all values with their types: each number or eight bytes are mixed in as the finalizer of SplitMix64 does it.
    fileprivate var hash: UInt64 {
        var hash: UInt64 = 0
        func mix(_ value: UInt64) {
            var mixed = (hash ^ value) &+ 0x9e37_79b9_7f4a_7c15
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            hash = mixed ^ (mixed >> 31)
        }
        for column in 0..<sqlite3_data_count(statement) {
            let type = sqlite3_column_type(statement, column)
            mix(UInt64(type))
            if type == SQLITE_INTEGER { mix(UInt64(bitPattern: integer(column))) }
            guard type == SQLITE_TEXT || type == SQLITE_BLOB, let start = sqlite3_column_blob(statement, column) else {
                continue
            }
            let count = Int(sqlite3_column_bytes(statement, column))
            mix(UInt64(count))
            for offset in stride(from: 0, to: count - 7, by: 8) {
                mix(start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            for offset in (count & ~7)..<count { mix(UInt64(start.load(fromByteOffset: offset, as: UInt8.self))) }
        }
        return hash
    }

    fileprivate var description: String {
        let values = (0..<sqlite3_data_count(statement)).map { column in
            switch sqlite3_column_type(statement, column) {
            case SQLITE_NULL: "NULL"
            case SQLITE_BLOB: bytes(column).description
            default: text(column)
            }
        }
        return values.joined(separator: " ")
    }
}
