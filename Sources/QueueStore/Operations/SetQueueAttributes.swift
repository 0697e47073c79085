import QueueModel
import SQLite

/// Changes attributes of a queue: all of them or, if one is refused, none.
package struct SetQueueAttributes: WriteOperation {
    let name: QueueName
    let attributes: QueueAttributeChanges

    package init(name: QueueName, attributes: QueueAttributeChanges) {
        self.name = name
        self.attributes = attributes
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        guard !attributes.isEmpty else { throw QueueError.missingParameter("Attribute.Name") }
        var settings = queue.settings
        try attributes.apply(to: &settings, of: name)
        if attributes.sets(.redrivePolicy), let policy = settings.redrivePolicy {
            try transaction.validateRedrive(
                policy, given: attributes.text(of: .redrivePolicy) ?? policy.json, source: name,
                isFIFO: settings.isFIFO)
        }
        try transaction.update(queue, settings: settings)
        if settings.isFIFO, settings.delaySeconds != queue.settings.delaySeconds {
            try transaction.changeDelay(ofMessagesIn: queue, to: settings.delaySeconds)
        }
        if settings.redrivePolicy != nil { transaction.news.queuesWithExhausted.insert(queue.id) }
    }
}

extension WriteTransaction {
    /// Gives messages of a FIFO queue that are still delayed the new delay, counted from their send. They are among the hidden
    /// messages of all queues that become visible within the longest delay. One that moves ahead is met again, and stays.
    fileprivate func changeDelay(ofMessagesIn queue: QueueRecord, to seconds: Int) throws(SQLiteError) {
        guard try counts(of: queue.backlog).delayed > 0 else { return }
        let end = now.adding(seconds: Limits.delaySeconds.upperBound)
        var last = (visibleAt: now, key: MessageKey(line: Line(.min), id: SequenceNumber(0)))
        while true {
            let messages = try connection.statement(
                """
                SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at,
                    first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere
                FROM message INDEXED BY message_hidden
                WHERE state > 0 AND visible_at BETWEEN ?1 AND ?2 AND backlog_id = ?3 AND state = 2
                    AND (visible_at, line, id) > (?1, ?4, ?5)
                ORDER BY visible_at, line, id LIMIT 500
                """
            ).all(
                last.visibleAt.milliseconds, end.milliseconds, queue.backlog.rawValue, last.key.line.rawValue,
                last.key.id.rawValue, read: MessageRecord.init)
            guard let latest = messages.last else { return }
            last = (latest.visibleAt, latest.key)
            for message in messages {
                try changeDelay(of: message, in: queue, until: message.sentAt.adding(seconds: seconds))
            }
        }
    }

    private func changeDelay(
        of message: MessageRecord, in queue: QueueRecord, until visibleAt: Timestamp
    ) throws(SQLiteError) {
        guard visibleAt > now else { return try makeReady(message, in: queue, at: now) }
        if visibleAt == message.visibleAt { return }
        try connection.statement(
            "UPDATE message SET visible_at = ? WHERE line = ? AND id = ?"
        ).run(visibleAt.milliseconds, message.key.line.rawValue, message.id.rawValue)
        news.messageHidden(until: visibleAt)
    }
}
