import QueueModel

/// A queue with its attributes and counts.
package struct GetQueueAttributes: ReadOperation {
    let name: QueueName

    package init(name: QueueName) { self.name = name }

    package func run(in transaction: ReadTransaction) throws -> QueueDescription {
        let queue = try transaction.existingQueue(name)
        let counts = try transaction.connection.statement(
            "SELECT ready, in_flight, delayed FROM backlog WHERE id = ?"
        ).first(queue.backlog.rawValue) {
            MessageCounts(visible: Int($0.integer(0)), inFlight: Int($0.integer(1)), delayed: Int($0.integer(2)))
        }
        return QueueDescription(
            name: queue.name, settings: queue.settings, createdAt: queue.createdAt, modifiedAt: queue.modifiedAt,
            counts: counts ?? MessageCounts())
    }
}

/// Whether a queue of that name exists; throws ``QueueError/queueDoesNotExist`` if not.
package struct FindQueue: ReadOperation {
    let name: QueueName

    package init(name: QueueName) { self.name = name }

    package func run(in transaction: ReadTransaction) throws {
        _ = try transaction.existingQueue(name)
    }
}
