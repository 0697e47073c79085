import QueueModel

/// Removes all messages of a queue at once: visible, delayed and in flight.
package struct PurgeQueue: WriteOperation {
    let name: QueueName

    package init(name: QueueName) { self.name = name }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        if transaction.options.strictLimits, let purgedAt = queue.purgedAt,
            purgedAt.adding(seconds: Limits.repeatSeconds) > transaction.now
        {
            throw QueueError.purgeInProgress(queue: name.name)
        }
        try transaction.replaceBacklog(of: queue)
    }
}
