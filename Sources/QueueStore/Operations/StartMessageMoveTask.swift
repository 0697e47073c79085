import Crypto
import QueueModel

/// Starts to move all messages of a dead-letter queue: to another queue, or each back to the queue it came from.
package struct StartMessageMoveTask: WriteOperation {
    package let source: QueueName
    let destination: QueueName?
    let rate: Int?

    /// `rate`: messages a second at most.
    package init(from source: QueueName, to destination: QueueName?, rate: Int?) {
        self.source = source
        self.destination = destination
        self.rate = rate
    }

    /// The id of the task.
    package func run(in transaction: WriteTransaction) throws -> String {
        let queue = try deadLetterQueue(in: transaction)
        if let destination { try check(destination, from: queue, in: transaction) }
        guard try transaction.runningMoveTask(of: queue) == nil else {
            throw QueueError.invalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                    + "time.")
        }
        let task = MessageMoveTask(
            id: transaction.options.random.uuid(), destination: destination, rate: rate,
            toMoveCount: try transaction.counts(of: queue.backlog).total, startedAt: transaction.now)
        try transaction.insert(task, of: queue)
        try transaction.forgetOldMoveTasks(of: queue)
        return task.id
    }

    private func deadLetterQueue(in transaction: WriteTransaction) throws -> QueueRecord {
        guard let queue = try transaction.queue(source) else { throw QueueError.unknownResource("SourceArn") }
        let isTarget = try transaction.connection.statement(
            "SELECT id FROM queue WHERE dead_letter_target_arn = ? LIMIT 1"
        ).first(source.arn) { _ in true }
        guard isTarget != nil else {
            throw QueueError.invalidParameter("Source queue must be configured as a Dead Letter Queue.")
        }
        return queue
    }

    private func check(_ destination: QueueName, from queue: QueueRecord, in transaction: WriteTransaction) throws {
        // Queues of other accounts and regions do not exist for this one.
        guard destination.account == source.account, destination.region == source.region,
            let target = try transaction.queue(destination)
        else { throw QueueError.unknownResource("DestinationArn") }
        guard target.id != queue.id else {
            throw QueueError.invalidParameter("Source queue arn and destination queue arn cannot be the same.")
        }
        guard target.settings.isFIFO == queue.settings.isFIFO else {
            throw QueueError.invalidParameter("The source queue and destination queue must be of the same queue type.")
        }
    }
}
