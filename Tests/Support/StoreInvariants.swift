import QueueModel
import QueueStore
import SQLite

/// What must hold in every committed state of a store, whatever was done to it. Reads the file on a connection of its
/// own, so that nothing the store keeps in memory can hide a mistake.
package final class StoreInvariants {
    private let connection: Connection

    package init(path: String, vfs: String? = nil) throws {
        connection = try Connection(path: path, mode: .readOnly, vfs: vfs)
    }

    package func close() throws { try connection.close() }

    func messages() throws -> [String: [MessageID]] { try Self.messages(on: connection) }

    /// The ids of the messages of every queue, in the order of their numbers, by the queue's name. Also of a transaction
    /// under way.
    package static func messages(on connection: Connection) throws -> [String: [MessageID]] {
        let rows = try connection.statement(
            "SELECT name, message_id FROM message JOIN queue USING (backlog_id) ORDER BY backlog_id, message.id"
        ).all { (queue: $0.text(0), id: MessageID(stored: $0.bytes(1))) }
        return Dictionary(grouping: rows, by: \.queue).mapValues { $0.map(\.id) }
    }

    func pageCount() throws -> Int { try connection.pageCount() }

    /// What SQLite finds wrong with the file; nothing if it is sound.
    package func damage() throws -> [String] {
        try connection.prepare("PRAGMA integrity_check").all { $0.text(0) }.filter { $0 != "ok" }
    }

    /// One line for each row that contradicts another.
    package func violations() throws -> [String] {
        try Invariant.all.flatMap { invariant in
            try connection.prepare(invariant.query).all { "\(invariant.rule): \($0.text(0))" }
        }
    }
}
