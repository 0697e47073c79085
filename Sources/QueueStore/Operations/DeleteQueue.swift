import QueueModel

/// Deletes a queue with its messages, tags, deduplication records and message move tasks. Its name stays blocked for a while.
package struct DeleteQueue: WriteOperation {
    let name: QueueName

    package init(name: QueueName) { self.name = name }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        let connection = try transaction.connection
        try transaction.leaveBacklog(of: queue)
        try connection.statement("DELETE FROM queue_tag WHERE queue_id = ?").run(queue.id.rawValue)
        try connection.statement("DELETE FROM message_move_task WHERE queue_id = ?").run(queue.id.rawValue)
        try connection.statement("DELETE FROM queue WHERE id = ?").run(queue.id.rawValue)
        try connection.statement(
            "INSERT OR REPLACE INTO deleted_queue (account, region, name, deleted_at) VALUES (?, ?, ?, ?)"
        ).run(name.account, name.region, name.name, transaction.now.milliseconds)
        transaction.news.recordsExpire = true
        transaction.queueChanged(queue)
    }
}
