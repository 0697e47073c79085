import QueueModel
import SQLite

/// Removes what purged and deleted queues have left behind.
package struct EmptyLeftBacklogs: Sweep {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let connection = try transaction.connection
        let left = try connection.statement("SELECT id FROM backlog WHERE queue_id IS NULL ORDER BY id LIMIT 1").first {
            BacklogID($0.integer(0))
        }
        guard let left else { return SweepResult(count: 0) }
        var removed = try removeMessages(in: Line(of: left), limit, on: connection)
        if removed == 0 { removed = try removeFIFOGroups(of: left, in: transaction) }
        if removed == 0 { removed = try removeRecords(of: left, on: connection) }
        guard removed == 0 else { return SweepResult(count: removed, nextDue: transaction.now) }
        try connection.statement("DELETE FROM backlog WHERE id = ?").run(left.rawValue)
        transaction.forgetCounts(of: left)
        return SweepResult(count: 1, nextDue: transaction.now)
    }

    private func removeMessages(in line: Line, _ limit: Int, on connection: Connection) throws(SQLiteError) -> Int {
        let next = try connection.statement("SELECT id FROM message WHERE line = ? ORDER BY id LIMIT 1 OFFSET ?").first(
            line.rawValue, limit
        ) { $0.integer(0) }
        let end = next ?? .max
        try connection.statement(
            "DELETE FROM message_body WHERE id IN (SELECT id FROM message WHERE line = ? AND id < ?)"
        ).run(line.rawValue, end)
        return try connection.statement("DELETE FROM message WHERE line = ? AND id < ?").runCountingChanges(
            line.rawValue, end)
    }

    /// Removes message groups of a FIFO queue with their messages: half as many as others, since their bodies lie far apart.
    /// Groups that came one after the other have bodies side by side.
    private func removeFIFOGroups(of backlog: BacklogID, in transaction: WriteTransaction) throws(SQLiteError) -> Int {
        let limit = max(limit / 2, 1)
        var removed = 0
        while removed < limit, let group = try transaction.oldestGroup(of: backlog) {
            removed += try removeMessages(in: Line(of: group.number), limit - removed, on: transaction.connection)
            if removed < limit {
                try transaction.removeGroup(group.id, of: backlog)
                removed += 1
            }
        }
        return removed
    }

    /// Ranges of keys, so that SQLite walks just the rows that go.
    private func removeRecords(of backlog: BacklogID, on connection: Connection) throws(SQLiteError) -> Int {
        let groups = try connection.statement(
            """
            DELETE FROM message_group WHERE backlog_id = ?1 AND group_id <= (SELECT max(group_id) FROM
                (SELECT group_id FROM message_group WHERE backlog_id = ?1 ORDER BY group_id LIMIT ?2))
            """
        ).runCountingChanges(backlog.rawValue, limit)
        let attempts = try connection.statement(
            """
            DELETE FROM receive_attempt WHERE backlog_id = ?1 AND attempt_id <= (SELECT max(attempt_id) FROM
                (SELECT attempt_id FROM receive_attempt WHERE backlog_id = ?1 ORDER BY attempt_id LIMIT ?2))
            """
        ).runCountingChanges(backlog.rawValue, limit)
        let deduplication = try connection.statement(
            "SELECT scope, id FROM deduplication WHERE backlog_id = ? ORDER BY scope, id LIMIT ?"
        ).all(backlog.rawValue, limit) { ($0.text(0), $0.text(1)) }
        for (scope, id) in deduplication {
            try connection.statement("DELETE FROM deduplication WHERE backlog_id = ? AND scope = ? AND id = ?").run(
                backlog.rawValue, scope, id)
        }
        return groups + attempts + deduplication.count
    }
}
