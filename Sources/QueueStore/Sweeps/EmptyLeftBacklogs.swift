import QueueModel

/// Removes what purged and deleted queues have left behind.
package struct EmptyLeftBacklogs: WriteOperation {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let connection = transaction.connection
        let left = try connection.statement("SELECT id FROM backlog WHERE queue_id IS NULL ORDER BY id LIMIT 1").first {
            BacklogID($0.integer(0))
        }
        guard let left else { return SweepResult(count: 0) }
        let messages = try connection.statement("SELECT id FROM message WHERE backlog_id = ? ORDER BY id LIMIT ?").all(
            left.rawValue, limit
        ) { SequenceNumber($0.integer(0)) }
        for message in messages {
            try connection.statement("DELETE FROM message WHERE backlog_id = ? AND id = ?").run(
                left.rawValue, message.rawValue)
            try connection.statement("DELETE FROM message_body WHERE id = ?").run(message.rawValue)
        }
        guard messages.isEmpty else { return SweepResult(count: messages.count, nextDue: transaction.now) }
        var removed = try connection.statement(
            """
            DELETE FROM message_group WHERE (backlog_id, group_id) IN
                (SELECT backlog_id, group_id FROM message_group WHERE backlog_id = ? LIMIT ?)
            """
        ).runCountingChanges(left.rawValue, limit)
        removed += try connection.statement(
            """
            DELETE FROM deduplication WHERE (backlog_id, scope, id) IN
                (SELECT backlog_id, scope, id FROM deduplication WHERE backlog_id = ? LIMIT ?)
            """
        ).runCountingChanges(left.rawValue, limit)
        removed += try connection.statement(
            """
            DELETE FROM receive_attempt WHERE (backlog_id, attempt_id, ordinal) IN
                (SELECT backlog_id, attempt_id, ordinal FROM receive_attempt WHERE backlog_id = ? LIMIT ?)
            """
        ).runCountingChanges(left.rawValue, limit)
        guard removed == 0 else { return SweepResult(count: removed, nextDue: transaction.now) }
        try connection.statement("DELETE FROM backlog WHERE id = ?").run(left.rawValue)
        transaction.forgetCounts(of: left)
        return SweepResult(count: 1, nextDue: transaction.now)
    }
}
