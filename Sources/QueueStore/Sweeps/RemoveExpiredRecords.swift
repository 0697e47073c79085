import QueueModel
import SQLite

/// Removes deduplication records and receive attempts whose five minutes are over, and names of deleted queues that may
/// be used again.
package struct RemoveExpiredRecords: Sweep {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let connection = try transaction.connection
        var removed = try removeDeduplicationRecords(transaction)
        removed += try removeReceiveAttempts(transaction)
        removed += try removeDeletedQueues(transaction)
        let next = try connection.statement(
            """
            SELECT min(due) FROM (SELECT min(expires_at) AS due FROM deduplication
                UNION ALL SELECT min(expires_at) FROM receive_attempt
                UNION ALL SELECT min(deleted_at) + ? FROM deleted_queue)
            """
        ).first(Limits.repeatSeconds * 1000) { $0.integerOrNil(0).map(Timestamp.init(milliseconds:)) }
        return SweepResult(count: removed, nextDue: next ?? nil)
    }

    // The keys are read first and their rows removed one by one: SQLite would look through all rows of a backlog for
    // those whose keys are in a subquery.

    private func removeDeduplicationRecords(_ transaction: WriteTransaction) throws(SQLiteError) -> Int {
        let expired = try transaction.connection.statement(
            "SELECT backlog_id, scope, id FROM deduplication WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
        ).all(transaction.now.milliseconds, limit) { ($0.integer(0), $0.text(1), $0.text(2)) }
        for (backlog, scope, id) in expired {
            try transaction.connection.statement(
                "DELETE FROM deduplication WHERE backlog_id = ? AND scope = ? AND id = ?"
            ).run(backlog, scope, id)
        }
        return expired.count
    }

    private func removeReceiveAttempts(_ transaction: WriteTransaction) throws(SQLiteError) -> Int {
        let expired = try transaction.connection.statement(
            """
            SELECT backlog_id, attempt_id, ordinal FROM receive_attempt WHERE expires_at <= ?
            ORDER BY expires_at LIMIT ?
            """
        ).all(transaction.now.milliseconds, limit) { ($0.integer(0), $0.text(1), $0.integer(2)) }
        for (backlog, attempt, ordinal) in expired {
            try transaction.connection.statement(
                "DELETE FROM receive_attempt WHERE backlog_id = ? AND attempt_id = ? AND ordinal = ?"
            ).run(backlog, attempt, ordinal)
        }
        return expired.count
    }

    private func removeDeletedQueues(_ transaction: WriteTransaction) throws(SQLiteError) -> Int {
        let usable = try transaction.connection.statement(
            "SELECT account, region, name FROM deleted_queue WHERE deleted_at <= ? ORDER BY deleted_at LIMIT ?"
        ).all(transaction.now.adding(seconds: -Limits.repeatSeconds).milliseconds, limit) {
            ($0.text(0), $0.text(1), $0.text(2))
        }
        for (account, region, name) in usable {
            try transaction.connection.statement(
                "DELETE FROM deleted_queue WHERE account = ? AND region = ? AND name = ?"
            ).run(account, region, name)
        }
        return usable.count
    }
}
