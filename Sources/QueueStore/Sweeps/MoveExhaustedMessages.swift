import QueueModel

/// Moves messages that have been received too often into the dead-letter queue though nobody receives from their own:
/// those that have been visible for longer than a grace period, so that clients see SQS's timing.
package struct MoveExhaustedMessages: Sweep {
    /// Messages to look at if few are to be moved: some may not go yet, and hold up others only if they are as many as this.
    private static let lookedAtMin = 200
    /// How long to wait at least for what may not go yet and has no moment of its own.
    private static let pauseMinMilliseconds: Int64 = 1000

    let queue: QueueID
    let limit: Int
    let graceMilliseconds: Int64

    /// - Parameter limit: messages to move at most.
    package init(queue: QueueID, limit: Int, graceMilliseconds: Int64) {
        self.queue = queue
        self.limit = limit
        self.graceMilliseconds = graceMilliseconds
    }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        guard let queue = try transaction.queue(queue), let policy = queue.settings.redrivePolicy else {
            return SweepResult(count: 0)
        }
        let exhausted = try transaction.connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message
            WHERE backlog_id = ? AND state = 0 AND receive_count > 0 AND receive_count - received_elsewhere >= ?
            LIMIT ?
            """
        ).all(queue.backlog.rawValue, policy.receiveCountMax, max(limit, Self.lookedAtMin), read: MessageRecord.init)
        var step = Step(sweep: self, queue: queue, transaction: transaction)
        var lines: Set<Line> = []
        // In the order of the queue.
        for message in exhausted.sorted(by: { $0.id < $1.id }) where !step.isFull {
            if !queue.settings.isFIFO {
                _ = try step.move(message)
            } else if lines.insert(message.key.line).inserted {
                // Always the first of its group, or the order of the group would be another one in the dead-letter queue.
                while !step.isFull, let first = try transaction.firstMessage(in: message.key.line),
                    try step.move(first)
                {}
            }
        }
        return SweepResult(count: step.moved, nextDue: step.isFull ? transaction.now : step.nextDue)
    }

    /// What one run has done so far.
    private struct Step {
        let sweep: MoveExhaustedMessages
        let queue: QueueRecord
        let transaction: WriteTransaction
        var moved = 0
        var rewritten = 0
        var nextDue: Timestamp?

        var isFull: Bool { moved == sweep.limit || rewritten >= WriteTransaction.rewrittenMax }

        /// Moves a message if its time has come, else notes when to look again.
        mutating func move(_ message: MessageRecord) throws -> Bool {
            guard message.state == .ready, !message.isExpired(in: queue, at: transaction.now),
                let target = try transaction.deadLetterQueue(for: message, in: queue)
            else {
                // Hidden, about to be removed, not exhausted itself but before others of its group, or with no queue to go to.
                let pause = max(sweep.graceMilliseconds, MoveExhaustedMessages.pauseMinMilliseconds)
                lookAgain(at: transaction.now.adding(milliseconds: pause))
                return false
            }
            let due = message.visibleAt.adding(milliseconds: sweep.graceMilliseconds)
            guard due <= transaction.now else {
                lookAgain(at: due)
                return false
            }
            rewritten += try transaction.move(message, from: queue, toDeadLetterQueue: target)
            moved += 1
            return true
        }

        private mutating func lookAgain(at due: Timestamp) { nextDue = min(nextDue ?? due, due) }
    }
}
