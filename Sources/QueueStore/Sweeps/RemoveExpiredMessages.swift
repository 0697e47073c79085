import QueueModel

/// Removes messages of a queue whose retention period is over, whatever their state.
package struct RemoveExpiredMessages: Sweep {
    let queue: QueueID
    let limit: Int

    package init(queue: QueueID, limit: Int) {
        self.queue = queue
        self.limit = limit
    }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        guard let queue = try transaction.queue(queue) else { return SweepResult(count: 0) }
        // The order of the ids is that of the sends: what expires next stands first.
        let oldest = try transaction.connection.statement(
            """
            SELECT backlog_id, id, message_id, state, visible_at, receive_count, sent_at, first_received_at, group_id,
                deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE backlog_id = ? ORDER BY id LIMIT ?
            """
        ).all(queue.backlog.rawValue, limit, read: MessageRecord.init)
        let expired = oldest.prefix { $0.isExpired(in: queue, at: transaction.now) }
        if !expired.isEmpty { try transaction.remove(Array(expired), of: queue.backlog, from: queue) }
        guard let next = oldest.dropFirst(expired.count).first else {
            // All that were looked at are gone: there may be more.
            return SweepResult(count: expired.count, nextDue: expired.isEmpty ? nil : transaction.now)
        }
        return SweepResult(
            count: expired.count, nextDue: next.sentAt.adding(seconds: queue.settings.retentionSeconds))
    }
}
