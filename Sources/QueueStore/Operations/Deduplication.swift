import Crypto
import QueueModel
import SQLite

/// Deduplication on FIFO queues: the first send of an id counts, later ones within five minutes are answered alike and
/// leave no message. Records outlive the message and end with a purge, which gives the queue another backlog.
extension WriteTransaction {
    /// The id of a message that brings none: the SHA-256 of its body; attributes do not count.
    func contentDeduplicationID(_ message: OutgoingMessage) -> String { SHA256.hexDigest(of: message.body) }

    /// The answer to the first send of this id, if it is still remembered.
    func duplicate(
        of message: OutgoingMessage, id: String, in queue: QueueRecord
    ) throws(SQLiteError) -> SentMessage? {
        try database.statement(
            """
            SELECT message_id, sequence_number FROM deduplication
            WHERE backlog_id = ? AND scope = ? AND id = ? AND expires_at > ?
            """
        ).first(queue.backlog.rawValue, scope(of: message.groupID, in: queue), id, now.milliseconds) {
            SentMessage(id: MessageID(stored: $0.bytes(0)), sequenceNumber: SequenceNumber($0.integer(1)))
        }
    }

    func remember(
        _ sent: SentMessage, number: SequenceNumber, id: String, group: String?, in queue: QueueRecord
    ) throws(SQLiteError) {
        try database.statement(
            """
            INSERT OR REPLACE INTO deduplication (backlog_id, scope, id, message_id, sequence_number, expires_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """
        ).run(
            queue.backlog.rawValue, scope(of: group, in: queue), id, sent.id.bytes, number.rawValue,
            now.adding(seconds: Limits.deduplicationSeconds).milliseconds)
        news.recordsExpire = true
    }

    /// The message group whose ids count, or empty if the whole queue is one scope. Groups are never empty.
    private func scope(of group: String?, in queue: QueueRecord) -> String {
        queue.settings.deduplicationScope == .messageGroup ? group ?? "" : ""
    }
}
