import QueueModel
import SQLite

/// A queue as it stands in its table. Immutable: a change makes a new one.
package final class QueueRecord: Sendable {
    package let id: QueueID
    package let name: QueueName
    package let backlog: BacklogID
    package let createdAt: Timestamp
    package let modifiedAt: Timestamp
    package let purgedAt: Timestamp?
    package let settings: QueueSettings

    init(
        id: QueueID, name: QueueName, backlog: BacklogID, createdAt: Timestamp, modifiedAt: Timestamp,
        purgedAt: Timestamp?, settings: QueueSettings
    ) {
        self.id = id
        self.name = name
        self.backlog = backlog
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.purgedAt = purgedAt
        self.settings = settings
    }

    /// Reads a row of ``find(_:on:)``.
    convenience init(_ row: Row) {
        var settings = QueueSettings()
        settings.isFIFO = row.integer(8) != 0
        settings.delaySeconds = Int(row.integer(9))
        settings.maximumMessageSize = Int(row.integer(10))
        settings.retentionSeconds = Int(row.integer(11))
        settings.receiveWaitSeconds = Int(row.integer(12))
        settings.visibilityTimeoutSeconds = Int(row.integer(13))
        settings.redrivePolicy = row.textOrNil(14).flatMap {
            RedrivePolicy(storedARN: $0, receiveCountMax: Int(row.integer(15)))
        }
        settings.redriveAllowPolicy = row.textOrNil(16).flatMap { try? RedriveAllowPolicy(json: $0) }
        settings.policy = row.textOrNil(17)
        settings.isSQSManagedSSEEnabled = row.integer(18) != 0
        settings.kmsMasterKeyID = row.textOrNil(19)
        settings.kmsDataKeyReuseSeconds = Int(row.integer(20))
        settings.contentBasedDeduplication = row.integer(21) != 0
        settings.deduplicationScope = .init(rawValue: row.text(22)) ?? .queue
        settings.fifoThroughputLimit = .init(rawValue: row.text(23)) ?? .perQueue
        self.init(
            id: QueueID(row.integer(0)),
            name: QueueName(account: row.text(1), region: row.text(2), name: row.text(3)),
            backlog: BacklogID(row.integer(4)),
            createdAt: Timestamp(milliseconds: row.integer(5)),
            modifiedAt: Timestamp(milliseconds: row.integer(6)),
            purgedAt: row.integerOrNil(7).map(Timestamp.init(milliseconds:)),
            settings: settings)
    }

    /// The row of a queue by its name, or nil.
    static func find(_ name: QueueName, on connection: Connection) throws(SQLiteError) -> QueueRecord? {
        let id = try connection.statement("SELECT id FROM queue WHERE account = ? AND region = ? AND name = ?").first(
            name.account, name.region, name.name
        ) { QueueID($0.integer(0)) }
        guard let id else { return nil }
        return try find(id, on: connection)
    }

    /// The row of a queue by its id, or nil.
    static func find(_ id: QueueID, on connection: Connection) throws(SQLiteError) -> QueueRecord? {
        try connection.statement(
            """
            SELECT id, account, region, name, backlog_id, created_at, modified_at, purged_at, is_fifo, delay_seconds,
                maximum_message_size, retention_seconds, receive_wait_seconds, visibility_timeout_seconds,
                dead_letter_target_arn, receive_count_max, redrive_allow_policy, policy, sqs_managed_sse_enabled,
                kms_master_key_id, kms_data_key_reuse_seconds, content_based_deduplication, deduplication_scope,
                fifo_throughput_limit
            FROM queue WHERE id = ?
            """
        ).first(id.rawValue, read: QueueRecord.init)
    }
}
