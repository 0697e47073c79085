import QueueModel
import QueueStore
import SQLite

/// What must hold in every committed state of a store, whatever was done to it. Reads the file on a connection of its
/// own, so that nothing the store keeps in memory can hide a mistake.
package final class StoreInvariants {
    private let connection: Connection
    /// The rules as statements, once they have been needed.
    private var rules: [(rule: String, query: Statement)]?

    package init(path: String, vfs: String? = nil) throws {
        connection = try Connection(path: path, mode: .readOnly, vfs: vfs)
    }

    package func close() throws {
        rules = nil
        try connection.close()
    }

    func messages() throws -> [String: [MessageID]] { try Self.messages(on: connection) }

    /// The ids of the messages of every queue, in the order of their numbers, by the queue's name. Also of a transaction
    /// under way.
    package static func messages(on connection: Connection) throws -> [String: [MessageID]] {
        // Neither a join nor a sort: the simulation asks after most of its batches.
        var messages: [Int64: [MessageID]] = [:]
        try connection.statement("SELECT backlog_id, message_id FROM message ORDER BY id").readEach {
            messages[$0.integer(0), default: []].append(MessageID(stored: $0.bytes(1)))
        }
        let queues = try connection.statement("SELECT backlog_id, name FROM queue").all { ($0.integer(0), $0.text(1)) }
        let filled = queues.compactMap { backlog, name in messages[backlog].map { (name, $0) } }
        return Dictionary(uniqueKeysWithValues: filled)
    }

    /// What the store says of every queue, by the queue's name.
    func counts() throws -> [String: MessageCounts] {
        let rows = try connection.statement(
            "SELECT name, ready, in_flight, delayed FROM queue JOIN backlog ON backlog.id = backlog_id"
        ).all {
            let counts = MessageCounts(
                visible: Int($0.integer(1)), inFlight: Int($0.integer(2)), delayed: Int($0.integer(3)))
            return ($0.text(0), counts)
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    func pageCount() throws -> Int { try connection.pageCount() }

    /// What SQLite finds wrong with the file; nothing if it is sound.
    package func damage() throws -> [String] {
        try connection.prepare("PRAGMA integrity_check").all { $0.text(0) }.filter { $0 != "ok" }
    }

    /// One line for each row that contradicts another.
    package func violations() throws -> [String] {
        let rules = try rules ?? Invariant.all.map { ($0.rule, try connection.prepare($0.query)) }
        self.rules = rules
        return try rules.flatMap { rule, query in try query.all { "\(rule): \($0.text(0))" } }
    }
}
