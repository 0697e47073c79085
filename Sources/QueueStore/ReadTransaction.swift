import QueueModel
import SQLite

/// One consistent view of the committed store.
package final class ReadTransaction {
    let connection: Connection

    init(connection: Connection) { self.connection = connection }

    /// The queue of that name; throws ``QueueError/queueDoesNotExist``.
    func existingQueue(_ name: QueueName) throws -> QueueRecord {
        guard let queue = try QueueRecord.find(name, on: connection) else { throw QueueError.queueDoesNotExist }
        return queue
    }
}
