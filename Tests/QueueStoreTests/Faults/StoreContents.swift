import Crypto
import QueueModel
import SQLite

/// All that a store holds which clients can notice, row by row.
struct StoreContents: Equatable {
    private let rows: [String]
    /// The MD5 of the body of each message in a queue, as it is stored.
    let messages: [MessageID: [UInt8]]

    /// Reads on a connection, also one with a transaction under way. `query` is what ``query(on:)`` made.
    init(on connection: Connection, query: String) throws {
        rows = try connection.prepare(query).all { $0.text(0) }
        let stored = try connection.prepare(
            """
            SELECT message_id, md5 FROM message JOIN queue USING (backlog_id)
            JOIN message_body ON message_body.id = message.id
            """
        ).all { (MessageID(stored: $0.bytes(0)), $0.bytes(1)) }
        messages = Dictionary(uniqueKeysWithValues: stored)
    }

    /// The query for all rows as text. Inside a transaction the counts of backlogs are not written yet, so they are left
    /// to the invariants; the noted time and the reserved numbers may be ahead of what clients know.
    static func query(on connection: Connection) throws -> String {
        let whole = [
            "queue", "queue_tag", "deleted_queue", "message", "message_group", "deduplication", "receive_attempt",
            "message_move_task",
        ]
        var columns = ["backlog": ["id", "queue_id"], "message_body": ["id", "length(body)", "md5"]]
        for table in whole {
            columns[table] = try connection.prepare("SELECT name FROM pragma_table_info(?)").all(table) { $0.text(0) }
        }
        return columns.sorted { $0.key < $1.key }.map { table, columns in
            let row = columns.map { "quote(\($0))" }.joined(separator: " || ' ' || ")
            return "SELECT '\(table) ' || \(row) FROM \(table)"
        }.joined(separator: " UNION ALL ") + " ORDER BY 1"
    }

    /// The rows of bodies that are not what their MD5 says.
    static func damagedBodies(on connection: Connection) throws -> [Int64] {
        try connection.prepare("SELECT id, body, md5 FROM message_body").all {
            (id: $0.integer(0), isWhole: MD5.digest(of: $0.bytes(1)) == $0.bytes(2))
        }.filter { !$0.isWhole }.map(\.id)
    }

    /// What is here and not there, and the other way round.
    func difference(to other: StoreContents) -> String {
        let missing = Set(other.rows).subtracting(rows).sorted().prefix(5).map { "missing: \($0)" }
        let extra = Set(rows).subtracting(other.rows).sorted().prefix(5).map { "unexpected: \($0)" }
        return (missing + extra).joined(separator: "\n")
    }
}
