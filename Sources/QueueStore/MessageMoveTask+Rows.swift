import QueueModel
import SQLite

/// A message move task as it stands in its table.
struct MoveTaskRecord {
    let number: Int64
    var task: MessageMoveTask
    /// nil without a rate.
    var pace: MovePace?

    init(_ row: Row) {
        number = row.integer(0)
        let rate = row.integerOrNil(3).map { Int($0) }
        task = MessageMoveTask(
            id: row.text(1), destination: row.textOrNil(2).flatMap { try? QueueName.parse(arn: $0).get() },
            rate: rate, status: .init(rawValue: row.text(5)) ?? .failed,
            failureReason: row.textOrNil(6).flatMap(MessageMoveTask.FailureReason.init),
            movedCount: Int(row.integer(7)), toMoveCount: Int(row.integer(8)),
            startedAt: Timestamp(milliseconds: row.integer(9)))
        pace = rate.map { MovePace(rate: $0, nextMicroseconds: row.integer(4)) }
    }
}

extension WriteTransaction {
    /// The task that moves messages out of the queue now.
    func runningMoveTask(of queue: QueueRecord) throws(SQLiteError) -> MoveTaskRecord? {
        try connection.statement(
            """
            SELECT number, id, destination_arn, messages_per_second, next_move_at, status, failure_reason, moved,
                to_move, started_at
            FROM message_move_task WHERE queue_id = ? AND status = 'RUNNING'
            """
        ).first(queue.id.rawValue, read: MoveTaskRecord.init)
    }

    func moveTask(_ id: String, of queue: QueueRecord) throws(SQLiteError) -> MoveTaskRecord? {
        try connection.statement(
            """
            SELECT number, id, destination_arn, messages_per_second, next_move_at, status, failure_reason, moved,
                to_move, started_at
            FROM message_move_task WHERE queue_id = ? AND id = ?
            """
        ).first(queue.id.rawValue, id, read: MoveTaskRecord.init)
    }

    /// Adds a running task, whose first message may go at once.
    func insert(_ task: MessageMoveTask, of queue: QueueRecord) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT INTO message_move_task (id, queue_id, destination_arn, messages_per_second, next_move_at, status,
                moved, to_move, started_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ).run(
            task.id, queue.id.rawValue, task.destination?.arn, task.rate,
            task.rate.map { _ in task.startedAt.milliseconds * 1000 }, task.status.rawValue, task.movedCount,
            task.toMoveCount, task.startedAt.milliseconds)
        news.queuesWithMoveTask.insert(queue.id)
    }

    /// Writes what changes of a task while it runs and when it ends.
    func update(_ record: MoveTaskRecord) throws(SQLiteError) {
        try connection.statement(
            "UPDATE message_move_task SET status = ?, failure_reason = ?, moved = ?, next_move_at = ? WHERE number = ?"
        ).run(
            record.task.status.rawValue, record.task.failureReason?.rawValue, record.task.movedCount,
            record.pace?.nextMicroseconds, record.number)
    }

    /// Forgets all tasks of a queue but the latest that can be listed. The one that runs is the latest of all.
    func forgetOldMoveTasks(of queue: QueueRecord) throws(SQLiteError) {
        try connection.statement(
            """
            DELETE FROM message_move_task WHERE queue_id = ?1 AND number NOT IN (SELECT number FROM message_move_task
                WHERE queue_id = ?1 ORDER BY number DESC LIMIT ?2)
            """
        ).run(queue.id.rawValue, Limits.listedMoveTasks.upperBound)
    }
}
