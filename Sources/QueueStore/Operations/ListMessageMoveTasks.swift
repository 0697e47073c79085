import QueueModel

/// The latest message move tasks of a queue, newest first.
package struct ListMessageMoveTasks: ReadOperation {
    package let source: QueueName
    let limit: Int

    package init(source: QueueName, limit: Int) {
        self.source = source
        self.limit = limit
    }

    package func run(in transaction: ReadTransaction) throws -> [MessageMoveTask] {
        guard let queue = try QueueRecord.find(source, on: transaction.connection) else {
            throw QueueError.unknownResource("SourceArn")
        }
        return try transaction.connection.statement(
            """
            SELECT number, id, destination_arn, messages_per_second, next_move_at, status, failure_reason, moved,
                to_move, started_at
            FROM message_move_task WHERE queue_id = ? ORDER BY number DESC LIMIT ?
            """
        ).all(queue.id.rawValue, limit) { MoveTaskRecord($0).task }
    }
}
