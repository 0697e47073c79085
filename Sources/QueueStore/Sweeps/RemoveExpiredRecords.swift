import QueueModel

/// Removes deduplication records and receive attempts whose five minutes are over, and names of deleted queues that may
/// be used again.
package struct RemoveExpiredRecords: WriteOperation {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let connection = transaction.connection
        let now = transaction.now.milliseconds
        var removed = try connection.statement(
            """
            DELETE FROM deduplication WHERE (backlog_id, scope, id) IN (SELECT backlog_id, scope, id
                FROM deduplication WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
            """
        ).runCountingChanges(now, limit)
        removed += try connection.statement(
            """
            DELETE FROM receive_attempt WHERE (backlog_id, attempt_id, ordinal) IN (SELECT backlog_id, attempt_id, ordinal
                FROM receive_attempt WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
            """
        ).runCountingChanges(now, limit)
        let deletedAt = transaction.now.adding(seconds: -Limits.repeatSeconds).milliseconds
        removed += try connection.statement(
            """
            DELETE FROM deleted_queue WHERE (account, region, name) IN (SELECT account, region, name
                FROM deleted_queue WHERE deleted_at <= ? ORDER BY deleted_at LIMIT ?)
            """
        ).runCountingChanges(deletedAt, limit)
        let next = try connection.statement(
            """
            SELECT min(due) FROM (SELECT min(expires_at) AS due FROM deduplication
                UNION ALL SELECT min(expires_at) FROM receive_attempt
                UNION ALL SELECT min(deleted_at) + ? FROM deleted_queue)
            """
        ).first(Limits.repeatSeconds * 1000) { $0.integerOrNil(0).map(Timestamp.init(milliseconds:)) }
        return SweepResult(count: removed, nextDue: next ?? nil)
    }
}
