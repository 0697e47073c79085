import QueueModel
import SQLite

/// Gives messages that are still delayed the delay that their FIFO queue has by now, counted from their send.
///
/// One pass over the hidden messages serves all queues whose delay was changed. That there is one stands in the store, so
/// that it is made again after a restart; how far it came does not. A message whose old delay is over before the pass gets
/// to it is visible by then. SQS lets a changed attribute take up to 60 seconds:
/// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
package struct ChangeDelays: Sweep {
    /// Where the next part of a pass begins.
    package struct Position: Sendable {
        let visibleAt: Timestamp
        let key: MessageKey
    }

    let position: Position?
    let limit: Int

    /// - Parameters:
    ///   - position: where to go on; nil begins a pass.
    ///   - limit: hidden messages to look at, of whatever queue.
    package init(from position: Position?, limit: Int) {
        self.position = position
        self.limit = limit
    }

    /// Returns where the next part begins; nil if the pass is over.
    package func run(in transaction: WriteTransaction) throws -> Position? {
        let hidden = try nextHidden(in: transaction)
        for message in hidden where message.state == .delayed && message.key.line.isOfGroup {
            guard let queue = try transaction.queue(holding: message.backlog) else { continue }
            let end = message.sentAt.adding(seconds: queue.settings.delaySeconds)
            try transaction.delay(message, in: queue, until: end)
        }
        if hidden.count == limit, let last = hidden.last { return Position(visibleAt: last.visibleAt, key: last.key) }
        try transaction.forgetDelayChange()
        return nil
    }

    /// In the order in which they become visible. A message that gets a longer delay is met again, and stays.
    private func nextHidden(in transaction: WriteTransaction) throws(SQLiteError) -> [MessageRecord] {
        let now = transaction.now
        let start = position ?? Position(visibleAt: now, key: MessageKey(line: Line(.max), id: SequenceNumber(.max)))
        return try transaction.connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message INDEXED BY message_hidden
            WHERE state > 0 AND (visible_at, line, id) > (?, ?, ?) AND visible_at <= ?
            ORDER BY visible_at, line, id LIMIT ?
            """
        ).all(
            start.visibleAt.milliseconds, start.key.line.rawValue, start.key.id.rawValue,
            now.adding(seconds: Limits.delaySeconds.upperBound).milliseconds, limit, read: MessageRecord.init)
    }
}

extension WriteTransaction {
    /// As many hidden messages are looked at at once when a delay is changed, which is soon done. Where there are more, the
    /// sweeps do the rest: 100,000 delayed ones would keep all requests waiting for a second.
    private static let hiddenAtOnce = 500

    /// The delay of a FIFO queue is another one now.
    func delayChanged(of queue: QueueRecord) throws {
        guard try counts(of: queue.backlog).delayed > 0 else { return }
        guard let next = try ChangeDelays(from: nil, limit: Self.hiddenAtOnce).run(in: self) else { return }
        try connection.statement(
            "INSERT INTO store_setting (name, value) VALUES ('delays_change', 1) ON CONFLICT DO NOTHING"
        ).run()
        news.delayChange = next
    }

    fileprivate func forgetDelayChange() throws(SQLiteError) {
        try connection.statement("DELETE FROM store_setting WHERE name = 'delays_change'").run()
    }

    fileprivate func delay(
        _ message: MessageRecord, in queue: QueueRecord, until visibleAt: Timestamp
    ) throws(SQLiteError) {
        guard visibleAt > now else { return try makeReady(message, in: queue, at: now) }
        if visibleAt == message.visibleAt { return }
        try connection.statement(
            "UPDATE message SET visible_at = ? WHERE line = ? AND id = ?"
        ).run(visibleAt.milliseconds, message.key.line.rawValue, message.id.rawValue)
        news.messageHidden(until: visibleAt)
    }
}
