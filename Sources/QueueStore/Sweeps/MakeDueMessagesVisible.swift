import QueueModel

/// Lets messages be received whose visibility timeout or delay is over.
package struct MakeDueMessagesVisible: Sweep {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let due = try transaction.connection.statement(
            """
            SELECT backlog_id, id, message_id, state, visible_at, receive_count, sent_at, first_received_at, group_id,
                deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE state > 0 AND visible_at <= ? ORDER BY visible_at LIMIT ?
            """
        ).all(transaction.now.milliseconds, limit, read: MessageRecord.init)
        for message in due {
            if let queue = try transaction.queue(holding: message.backlog),
                !message.isExpired(in: queue, at: transaction.now)
            {
                try transaction.makeReady(message, in: queue, at: message.visibleAt)
            } else {
                try transaction.remove(message, from: try transaction.queue(holding: message.backlog))
            }
        }
        let next = try transaction.connection.statement(
            "SELECT visible_at FROM message WHERE state > 0 ORDER BY visible_at LIMIT 1"
        ).first { Timestamp(milliseconds: $0.integer(0)) }
        return SweepResult(count: due.count, nextDue: next)
    }
}
