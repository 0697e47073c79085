import QueueModel

/// Stops a message move task at once. What it has moved stays where it is.
package struct CancelMessageMoveTask: WriteOperation {
    let id: String
    let source: QueueName

    package init(id: String, source: QueueName) {
        self.id = id
        self.source = source
    }

    /// The number of messages it has moved.
    package func run(in transaction: WriteTransaction) throws -> Int {
        guard let queue = try transaction.queue(source) else { throw QueueError.unknownResource("SourceArn") }
        guard var record = try transaction.moveTask(id, of: queue) else {
            throw QueueError.resourceNotFound(message: "Task does not exist.")
        }
        guard record.task.status == .running else {
            throw QueueError.invalidParameter("Only active tasks can be cancelled.")
        }
        record.task.status = .cancelled
        try transaction.update(record)
        return record.task.movedCount
    }
}
