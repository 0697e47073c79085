import QueueModel
import SQLite

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
        if queue.settings.isFIFO { return try sweepGroups(of: queue, in: transaction) }
        let (removed, oldest) = try sweep(Line(of: queue.backlog), of: queue, limit, in: transaction)
        if let oldest { return SweepResult(count: removed, nextDue: due(oldest, in: queue)) }
        // All that were looked at are gone: there may be more.
        return SweepResult(count: removed, nextDue: removed == 0 ? nil : transaction.now)
    }

    private func sweepGroups(of queue: QueueRecord, in transaction: WriteTransaction) throws(SQLiteError) -> SweepResult
    {
        var count = 0
        while count < limit {
            guard let group = try transaction.oldestGroup(of: queue.backlog) else { return SweepResult(count: count) }
            let due = due(group.sentFrom, in: queue)
            if due > transaction.now { return SweepResult(count: count, nextDue: due) }
            let (removed, oldest) = try sweep(Line(of: group.number), of: queue, limit - count, in: transaction)
            if let oldest {
                try write(oldest, of: group.id, in: queue.backlog, transaction)
            } else if removed == 0 {
                // A group without messages, of which there should be none, must not hold up the others for ever.
                try transaction.removeGroup(group.id, of: queue.backlog)
            }
            // To look at a group is work too.
            count += max(removed, 1)
        }
        return SweepResult(count: count, nextDue: transaction.now)
    }

    private func due(_ sentAt: Timestamp, in queue: QueueRecord) -> Timestamp {
        sentAt.adding(seconds: queue.settings.retentionSeconds)
    }

    /// Removes the expired ones of the first messages of a line. The order of the ids is that of the sends: what expires next
    /// stands first. Returns how many there were, and when the next one was sent, if it was met.
    private func sweep(
        _ line: Line, of queue: QueueRecord, _ limit: Int, in transaction: WriteTransaction
    ) throws(SQLiteError) -> (removed: Int, oldest: Timestamp?) {
        let oldest = try firstMessages(1, of: line, in: transaction).first
        guard let oldest, oldest.isExpired(in: queue, at: transaction.now) else { return (0, oldest?.sentAt) }
        let first = try firstMessages(limit, of: line, in: transaction)
        let expired = first.prefix { $0.isExpired(in: queue, at: transaction.now) }
        try transaction.remove(Array(expired), of: queue.backlog, from: queue)
        return (expired.count, first.dropFirst(expired.count).first?.sentAt)
    }

    private func firstMessages(
        _ limit: Int, of line: Line, in transaction: WriteTransaction
    ) throws(SQLiteError) -> [MessageRecord] {
        try transaction.connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE line = ? ORDER BY id LIMIT ?
            """
        ).all(line.rawValue, limit, read: MessageRecord.init)
    }

    /// Sends and deletes leave it as it is, so that it costs them nothing: it is found to be too early here at most once in a
    /// retention period.
    private func write(
        _ sentFrom: Timestamp, of group: String, in backlog: BacklogID, _ transaction: WriteTransaction
    ) throws(SQLiteError) {
        try transaction.connection.statement(
            "UPDATE message_group SET sent_from = ? WHERE backlog_id = ? AND group_id = ?"
        ).run(sentFrom.milliseconds, backlog.rawValue, group)
    }
}
