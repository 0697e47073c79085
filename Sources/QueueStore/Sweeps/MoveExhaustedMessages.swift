import QueueModel

/// Moves messages that have been received too often into the dead-letter queue though nobody receives from their own:
/// those that have been visible for longer than a grace period, so that clients see SQS's timing.
package struct MoveExhaustedMessages: Sweep {
    /// Messages to look at if few are to be moved: those that may not go yet must not hold up the others for ever.
    private static let lookedAtMin = 200

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
        let latest = transaction.now.adding(milliseconds: -graceMilliseconds)
        var moved = 0
        var rewritten = 0
        var isFull: Bool { moved == limit || rewritten >= WriteTransaction.rewrittenMax }
        var nextDue: Timestamp?
        // In the order of the queue, which a FIFO group has in its dead-letter queue too.
        for message in exhausted.sorted(by: { $0.id < $1.id }) {
            if isFull { break }
            guard let target = try transaction.deadLetterQueue(for: message, in: queue) else { continue }
            if message.visibleAt <= latest, try mayLeave(message, queue, transaction) {
                rewritten += try transaction.move(message, from: queue, toDeadLetterQueue: target)
                moved += 1
            } else {
                // Not before its grace is over; behind another of its group, not before that one may be gone.
                let start = message.visibleAt <= latest ? transaction.now : message.visibleAt
                let due = start.adding(milliseconds: graceMilliseconds)
                nextDue = min(nextDue ?? due, due)
            }
        }
        return SweepResult(count: moved, nextDue: isFull ? transaction.now : nextDue)
    }

    /// In a FIFO queue a message leaves only when it could be handed out, or the order of its group would break.
    private func mayLeave(
        _ message: MessageRecord, _ queue: QueueRecord, _ transaction: WriteTransaction
    ) throws -> Bool {
        try !queue.settings.isFIFO || transaction.mayBeHandedOut(message)
    }
}
