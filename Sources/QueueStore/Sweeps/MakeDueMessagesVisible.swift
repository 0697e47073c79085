import QueueModel
import SQLite

/// Lets messages be received whose visibility timeout or delay is over.
package struct MakeDueMessagesVisible: Sweep {
    let limit: Int
    let groupedMax: Int

    /// - Parameter groupedMax: messages of message groups to deal with at most. They stand in indexes all over the file,
    ///   and cost as many pages as the others cost rows.
    package init(limit: Int, groupedMax: Int = .max) {
        self.limit = limit
        self.groupedMax = groupedMax
    }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let due = try transaction.connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE state > 0 AND visible_at <= ? ORDER BY visible_at LIMIT ?
            """
        ).all(transaction.now.milliseconds, limit, read: MessageRecord.init)
        var rest = due[...]
        var grouped = 0
        while let first = rest.first, first.groupID == nil || grouped < groupedMax {
            // Message groups get their turns one by one, in the order in which their messages become visible.
            let together =
                first.groupID == nil
                ? rest.prefix { $0.groupID == nil && $0.backlog == first.backlog } : rest.prefix(1)
            rest.removeFirst(together.count)
            if first.groupID != nil { grouped += 1 }
            try show(Array(together), of: first.backlog, in: transaction)
        }
        let next = try transaction.connection.statement(
            "SELECT visible_at FROM message WHERE state > 0 ORDER BY visible_at LIMIT 1"
        ).first { Timestamp(milliseconds: $0.integer(0)) }
        return SweepResult(count: due.count - rest.count, nextDue: next)
    }

    private func show(
        _ messages: [MessageRecord], of backlog: BacklogID, in transaction: WriteTransaction
    ) throws(SQLiteError) {
        guard let queue = try transaction.queue(holding: backlog) else {
            return try transaction.remove(messages, of: backlog, from: nil)
        }
        let expired = messages.filter { $0.isExpired(in: queue, at: transaction.now) }
        if !expired.isEmpty { try transaction.remove(expired, of: backlog, from: queue) }
        let visible = messages.filter { !$0.isExpired(in: queue, at: transaction.now) }
        if !visible.isEmpty { try transaction.makeVisible(visible, in: queue) }
    }
}
