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
        guard queue.settings.isFIFO else {
            return try sweep(Line(of: queue.backlog), of: queue, limit, in: transaction).result
        }
        var count = 0
        while count < limit {
            guard let group = try oldestGroup(of: queue, in: transaction) else { return SweepResult(count: count) }
            let due = group.sentFrom.adding(seconds: queue.settings.retentionSeconds)
            if due > transaction.now { return SweepResult(count: count, nextDue: due) }
            let (swept, oldest) = try sweep(Line(of: group.number), of: queue, limit - count, in: transaction)
            if let oldest { try write(oldest, of: group.name, in: queue.backlog, transaction) }
            // To look at a group is work too.
            count += max(swept.count, 1)
        }
        return SweepResult(count: count, nextDue: transaction.now)
    }

    /// Removes the expired ones of the first messages of a standard queue, or of a FIFO group. The order of the ids is that of
    /// the sends: what expires next stands first. Also returns when that was sent, if it was met.
    private func sweep(
        _ line: Line, of queue: QueueRecord, _ limit: Int, in transaction: WriteTransaction
    ) throws(SQLiteError) -> (result: SweepResult, oldest: Timestamp?) {
        let first = try transaction.connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE line = ? ORDER BY id LIMIT ?
            """
        ).all(line.rawValue, limit, read: MessageRecord.init)
        let expired = first.prefix { $0.isExpired(in: queue, at: transaction.now) }
        if !expired.isEmpty { try transaction.remove(Array(expired), of: queue.backlog, from: queue) }
        guard let next = first.dropFirst(expired.count).first else {
            // All that were looked at are gone: there may be more.
            return (SweepResult(count: expired.count, nextDue: expired.isEmpty ? nil : transaction.now), nil)
        }
        let due = next.sentAt.adding(seconds: queue.settings.retentionSeconds)
        return (SweepResult(count: expired.count, nextDue: due), next.sentAt)
    }

    private struct Group {
        let name: String
        let number: GroupNumber
        /// None of its messages was sent before.
        let sentFrom: Timestamp
    }

    private func oldestGroup(
        of queue: QueueRecord, in transaction: WriteTransaction
    ) throws(SQLiteError) -> Group? {
        try transaction.connection.statement(
            """
            SELECT group_id, number, sent_from FROM message_group
            WHERE backlog_id = ? AND sent_from IS NOT NULL ORDER BY sent_from LIMIT 1
            """
        ).first(queue.backlog.rawValue) {
            Group(
                name: $0.text(0), number: GroupNumber($0.integer(1)),
                sentFrom: Timestamp(milliseconds: $0.integer(2)))
        }
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
