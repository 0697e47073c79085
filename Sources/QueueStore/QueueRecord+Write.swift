import QueueModel
import SQLite

extension WriteTransaction {
    /// Adds a queue with an empty backlog.
    func insertQueue(_ name: QueueName, settings: QueueSettings) throws(SQLiteError) -> QueueRecord {
        // AUTOINCREMENT hands out the ids: none is ever used twice.
        try connection.statement("INSERT INTO backlog (queue_id) VALUES (NULL)").run()
        let backlog = BacklogID(database.lastInsertRowID)
        try connection.statement(
            """
            INSERT INTO queue (account, region, name, backlog_id, created_at, modified_at, is_fifo, delay_seconds,
                maximum_message_size, retention_seconds, receive_wait_seconds, visibility_timeout_seconds,
                sqs_managed_sse_enabled, kms_data_key_reuse_seconds, content_based_deduplication, deduplication_scope,
                fifo_throughput_limit)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0, 0, 0, 0, 0, 0, 0, 0, '', '')
            """
        ).run(name.account, name.region, name.name, backlog.rawValue, now.milliseconds, settings.isFIFO)
        let queue = QueueRecord(
            id: QueueID(database.lastInsertRowID), name: name, backlog: backlog, createdAt: now, modifiedAt: now,
            purgedAt: nil, settings: settings)
        try attach(backlog, to: queue)
        try update(queue, settings: settings)
        return queue
    }

    /// Writes all writable attributes of a queue.
    func update(_ queue: QueueRecord, settings: QueueSettings) throws(SQLiteError) {
        try connection.statement(
            """
            UPDATE queue SET modified_at = ?, delay_seconds = ?, maximum_message_size = ?, retention_seconds = ?,
                receive_wait_seconds = ?, visibility_timeout_seconds = ?, dead_letter_target_arn = ?,
                receive_count_max = ?, redrive_allow_policy = ?, policy = ?, sqs_managed_sse_enabled = ?,
                kms_master_key_id = ?, kms_data_key_reuse_seconds = ?, content_based_deduplication = ?,
                deduplication_scope = ?, fifo_throughput_limit = ?
            WHERE id = ?
            """
        ).run(
            now.milliseconds, settings.delaySeconds, settings.maximumMessageSize, settings.retentionSeconds,
            settings.receiveWaitSeconds, settings.visibilityTimeoutSeconds,
            settings.redrivePolicy?.deadLetterTargetARN, settings.redrivePolicy?.receiveCountMax,
            settings.redriveAllowPolicy?.json, settings.policy, settings.isSQSManagedSSEEnabled,
            settings.kmsMasterKeyID, settings.kmsDataKeyReuseSeconds, settings.contentBasedDeduplication,
            settings.deduplicationScope.rawValue, settings.fifoThroughputLimit.rawValue, queue.id.rawValue)
        queueChanged(queue)
    }

    /// Gives a queue a new, empty backlog and leaves the old one to the sweeper.
    func replaceBacklog(of queue: QueueRecord) throws(SQLiteError) {
        try connection.statement("INSERT INTO backlog (queue_id) VALUES (NULL)").run()
        let backlog = BacklogID(database.lastInsertRowID)
        try leaveBacklog(of: queue)
        try attach(backlog, to: queue)
        try connection.statement("UPDATE queue SET backlog_id = ?, purged_at = ? WHERE id = ?").run(
            backlog.rawValue, now.milliseconds, queue.id.rawValue)
        queueChanged(queue)
    }

    /// Cuts the backlog off from its queue: from now on its messages are gone for every client.
    func leaveBacklog(of queue: QueueRecord) throws(SQLiteError) {
        try connection.statement("UPDATE backlog SET queue_id = NULL WHERE id = ?").run(queue.backlog.rawValue)
        news.leftBacklogs = true
    }

    private func attach(_ backlog: BacklogID, to queue: QueueRecord) throws(SQLiteError) {
        // A backlog that is left takes the latest time with it when it goes.
        try connection.statement("UPDATE backlog SET queue_id = ?, changed_at = ? WHERE id = ?").run(
            queue.id.rawValue, now.milliseconds, backlog.rawValue)
    }

    /// Checks what only the store knows of a redrive policy: its target exists, has the type of the source and lets
    /// the source in. `given` is the attribute as the client wrote it.
    func validateRedrive(_ policy: RedrivePolicy, given: String, source: QueueName, isFIFO: Bool) throws {
        func invalid(_ reason: String) -> QueueError { .invalidValue(given, of: "RedrivePolicy", reason: reason) }
        // Another region's queues do not exist for this one. An ARN that is not its queue's own has another partition.
        guard policy.target.region == source.region, policy.target.arn == policy.deadLetterTargetARN,
            let target = try queue(policy.target)
        else { throw invalid("Dead letter target does not exist.") }
        guard target.settings.isFIFO == isFIFO else {
            throw invalid("Dead-letter queue must be same type of queue as the source..")
        }
        guard target.settings.redriveAllowPolicy?.allows(source) ?? true else {
            // The wording of the service is not known.
            throw invalid(
                "Queue \(policy.deadLetterTargetARN) does not allow this queue to use it as a dead-letter queue.")
        }
    }
}
