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
    /// Gives messages of a FIFO queue that are still delayed the new delay, counted from their send. The walk from the
    /// newest message back ends with the last of them, and none is older than the longest delay.
    fileprivate func changeDelay(ofMessagesIn queue: QueueRecord, to seconds: Int) throws(SQLiteError) {
        let oldest = now.adding(seconds: -Limits.delaySeconds.upperBound)
        var left = try counts(of: queue.backlog).delayed
        var before = Int64.max
        while left > 0 {
            let messages = try connection.statement(
                """
                SELECT backlog_id, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                    group_id, deduplication_id, dead_letter_source, received_elsewhere
                FROM message WHERE backlog_id = ? AND id < ? ORDER BY id DESC LIMIT 500
                """
            ).all(queue.backlog.rawValue, before, read: MessageRecord.init)
            for message in messages where message.state == .delayed {
                left -= 1
                try changeDelay(of: message, in: queue, until: message.sentAt.adding(seconds: seconds))
            }
            guard let last = messages.last, last.sentAt >= oldest else { return }
            before = last.id.rawValue
        }
    }

    private func changeDelay(
        of message: MessageRecord, in queue: QueueRecord, until visibleAt: Timestamp
    ) throws(SQLiteError) {
        guard visibleAt > now else { return try makeReady(message, in: queue, at: now) }
        try connection.statement("UPDATE message SET visible_at = ? WHERE backlog_id = ? AND id = ?").run(
            visibleAt.milliseconds, message.backlog.rawValue, message.id.rawValue)
        news.messageHidden(until: visibleAt)
    }
}
