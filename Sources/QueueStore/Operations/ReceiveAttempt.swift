import QueueModel
import SQLite

/// Receives from FIFO queues that can be repeated under one attempt id, for clients that lost the answer.
extension WriteTransaction {
    /// The messages handed out under this attempt id, with the same handles and their visibility timeouts started
    /// anew; nil if the id is new, forgotten, or its messages have all timed out untouched. Throws if a message has
    /// been deleted or had its visibility changed since.
    func replay(_ attemptID: String, in queue: QueueRecord, timeoutSeconds: Int) throws -> [ReceivedMessage]? {
        let attempts = try attempts(attemptID, in: queue.backlog)
        guard !attempts.isEmpty else { return nil }
        var deliveries: [(delivery: Delivery, receivedAt: Timestamp)] = []
        for attempt in attempts {
            guard let delivery = try delivery(attempt.key), attempt.isUntouched(delivery.message),
                !delivery.message.isExpired(in: queue, at: now)
            else {
                throw QueueError.invalidValue(
                    attemptID, of: "ReceiveRequestAttemptId",
                    reason: "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.")
            }
            deliveries.append((delivery, attempt.receivedAt))
        }
        guard deliveries.allSatisfy({ $0.delivery.message.state == .inFlight }) else { return nil }
        let visibleAt = now.adding(seconds: timeoutSeconds)
        for (delivery, _) in deliveries { try hide(delivery.message, in: queue, until: visibleAt) }
        try connection.statement(
            "UPDATE receive_attempt SET visible_at = ? WHERE backlog_id = ? AND attempt_id = ?"
        ).run(visibleAt.milliseconds, queue.backlog.rawValue, attemptID)
        return deliveries.map { $0.delivery.received(from: queue, at: $0.receivedAt) }
    }

    func remember(_ attemptID: String, messages: [MessageRecord], in queue: QueueRecord) throws(SQLiteError) {
        try connection.statement("DELETE FROM receive_attempt WHERE backlog_id = ? AND attempt_id = ?").run(
            queue.backlog.rawValue, attemptID)
        for (ordinal, message) in messages.enumerated() {
            try connection.statement(
                """
                INSERT INTO receive_attempt
                    (backlog_id, attempt_id, ordinal, line, message, receive_count, received_at, visible_at,
                    expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            ).run(
                queue.backlog.rawValue, attemptID, ordinal, message.key.line.rawValue, message.id.rawValue,
                message.receiveCount, now.milliseconds, message.visibleAt.milliseconds,
                now.adding(seconds: Limits.deduplicationSeconds).milliseconds)
        }
        news.recordsExpire = true
    }

    private struct Attempt {
        let key: MessageKey
        let receiveCount: Int
        let receivedAt: Timestamp
        let visibleAt: Timestamp

        /// Neither deleted, nor received again, nor its visibility changed.
        func isUntouched(_ message: MessageRecord) -> Bool {
            message.receiveCount == receiveCount && message.visibleAt == visibleAt
        }
    }

    private func attempts(_ attemptID: String, in backlog: BacklogID) throws(SQLiteError) -> [Attempt] {
        try connection.statement(
            """
            SELECT line, message, receive_count, received_at, visible_at FROM receive_attempt
            WHERE backlog_id = ? AND attempt_id = ? AND expires_at > ? ORDER BY ordinal
            """
        ).all(backlog.rawValue, attemptID, now.milliseconds) {
            Attempt(
                key: MessageKey(line: Line($0.integer(0)), id: SequenceNumber($0.integer(1))),
                receiveCount: Int($0.integer(2)), receivedAt: Timestamp(milliseconds: $0.integer(3)),
                visibleAt: Timestamp(milliseconds: $0.integer(4)))
        }
    }

    private func delivery(_ key: MessageKey) throws(SQLiteError) -> Delivery? {
        try connection.statement(
            """
            SELECT backlog_id, line, message.id, message_id, state, visible_at, receive_count, sent_at,
                first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere, body, md5,
                attributes, trace_header
            FROM message JOIN message_body ON message_body.id = message.id
            WHERE line = ? AND message.id = ?
            """
        ).first(key.line.rawValue, key.id.rawValue, read: Delivery.init)
    }
}
