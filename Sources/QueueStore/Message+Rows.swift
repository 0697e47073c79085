import QueueModel
import SQLite

/// The state of a message as its row says it.
enum MessageState: Int64 {
    /// Ready, without a group, and never hidden since it was sent to this queue: it waits in the order of its number.
    case fresh = -1
    /// Ready, and found by an index.
    case ready = 0
    case inFlight = 1
    case delayed = 2

    /// What a message is when it is sent.
    static func ofArrival(delaySeconds: Int, groupID: String?) -> MessageState {
        if delaySeconds > 0 { return .delayed }
        return groupID == nil ? .fresh : .ready
    }
}

/// What the operations need to know of a message besides its body.
///
/// A class, since each copy of so many fields costs a dozen reference counts.
final class MessageRecord: PlacedMessage {
    let backlog: BacklogID
    let key: MessageKey
    let messageID: MessageID
    var state: MessageState
    var visibleAt: Timestamp
    var receiveCount: Int
    let sentAt: Timestamp
    var firstReceivedAt: Timestamp?
    let groupID: String?
    let deduplicationID: String?
    let deadLetterSource: String?
    let receivedElsewhere: Int

    init(_ row: Row) {
        backlog = BacklogID(row.integer(0))
        key = MessageKey(line: Line(row.integer(1)), id: SequenceNumber(row.integer(2)))
        messageID = MessageID(stored: row.bytes(3))
        state = MessageState(rawValue: row.integer(4)) ?? .ready
        visibleAt = Timestamp(milliseconds: row.integer(5))
        receiveCount = Int(row.integer(6))
        sentAt = Timestamp(milliseconds: row.integer(7))
        firstReceivedAt = row.integerOrNil(8).map(Timestamp.init(milliseconds:))
        groupID = row.textOrNil(9)
        deduplicationID = row.textOrNil(10)
        deadLetterSource = row.textOrNil(11)
        receivedElsewhere = Int(row.integer(12))
    }

    /// One that is not in its tables yet.
    init(_ arrival: Arrivals.Message) {
        backlog = arrival.backlog
        key = arrival.key
        messageID = arrival.messageID
        state = arrival.state
        visibleAt = arrival.visibleAt
        receiveCount = 0
        sentAt = arrival.sentAt
        groupID = arrival.content.groupID
        deduplicationID = arrival.deduplicationID
        deadLetterSource = nil
        receivedElsewhere = 0
    }

    /// What a receive changes.
    func wasReceived(at now: Timestamp, until visibleAt: Timestamp) {
        state = .inFlight
        self.visibleAt = visibleAt
        receiveCount += 1
        firstReceivedAt = firstReceivedAt ?? now
    }

    /// Whether the message has been received as often as its queue allows. Receives in queues it was moved from do not
    /// count, or a dead-letter queue with a redrive policy of its own would pass it on unseen.
    func isExhausted(by policy: RedrivePolicy) -> Bool {
        receiveCount - receivedElsewhere >= policy.receiveCountMax
    }

    /// Whether the message has been received although it was exhausted.
    func isOverdue(by policy: RedrivePolicy) -> Bool {
        receiveCount - receivedElsewhere > policy.receiveCountMax
    }
}

/// The changes a message goes through. Each keeps the counts of its backlog and the row of its group in step.
extension WriteTransaction {
    func message(_ key: MessageKey) throws(SQLiteError) -> MessageRecord? {
        try connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE line = ? AND id = ?
            """
        ).first(key.line.rawValue, key.id.rawValue, read: MessageRecord.init)
    }

    /// The first message of a line; nil if there is none.
    func firstMessage(in line: Line) throws(SQLiteError) -> MessageRecord? {
        try connection.statement(
            """
            SELECT backlog_id, line, id, message_id, state, visible_at, receive_count, sent_at, first_received_at,
                group_id, deduplication_id, dead_letter_source, received_elsewhere
            FROM message WHERE line = ? ORDER BY id LIMIT 1
            """
        ).first(line.rawValue, read: MessageRecord.init)
    }

    /// Takes a message out of the store.
    func remove(_ message: MessageRecord, from queue: QueueRecord?) throws(SQLiteError) {
        try remove([message], of: message.backlog, from: queue)
    }

    /// Takes messages of a backlog out of the store. `groupRuns` says which are neighbours in a FIFO group, if that is known.
    func remove(
        _ messages: [some PlacedMessage], groupRuns: [GroupRun] = [], of backlog: BacklogID, from queue: QueueRecord?
    ) throws(SQLiteError) {
        try deleteRows(messages.map(\.key), groupRuns: groupRuns)
        if let queue, messages.contains(where: { $0.state == .inFlight }),
            try counts(of: backlog).inFlight >= options.inFlightMax
        {
            // There is room again for messages that nobody could be given.
            news.availableQueues.insert(queue.id)
        }
        try changeCounts(of: backlog) { for message in messages { $0[message.state] -= 1 } }
        try groupsChanged(of: messages, to: nil, in: queue)
        if let queue { try noteIfEmptied(queue) }
    }

    /// Lets a message be received from now on.
    func makeReady(_ message: MessageRecord, in queue: QueueRecord, at visibleAt: Timestamp) throws(SQLiteError) {
        try connection.statement(
            "UPDATE message SET state = 0, visible_at = ? WHERE line = ? AND id = ?"
        ).run(visibleAt.milliseconds, message.key.line.rawValue, message.id.rawValue)
        try changeCounts(of: message.backlog) {
            $0[message.state] -= 1
            $0[.ready] += 1
        }
        try groupsChanged(of: [message], to: .ready, in: queue)
        news.availableQueues.insert(queue.id)
        noteIfExhausted(message, in: queue)
    }

    /// Lets messages of a queue be received that were hidden until now.
    func makeVisible(_ messages: [MessageRecord], in queue: QueueRecord) throws(SQLiteError) {
        try makeRowsReady(messages.map(\.key))
        try changeCounts(of: queue.backlog) {
            for message in messages { $0[message.state] -= 1 }
            $0[.ready] += messages.count
        }
        try groupsChanged(of: messages, to: .ready, in: queue)
        news.availableQueues.insert(queue.id)
        for message in messages { noteIfExhausted(message, in: queue) }
    }

    /// Hides a message without a new receive.
    func hide(_ message: MessageRecord, in queue: QueueRecord, until visibleAt: Timestamp) throws(SQLiteError) {
        try connection.statement(
            "UPDATE message SET state = 1, visible_at = ? WHERE line = ? AND id = ?"
        ).run(visibleAt.milliseconds, message.key.line.rawValue, message.id.rawValue)
        try changeCounts(of: message.backlog) {
            $0[message.state] -= 1
            $0[.inFlight] += 1
        }
        try groupsChanged(of: [message], to: .inFlight, in: queue)
        news.messageHidden(until: visibleAt)
    }

    /// Hands ready messages of a queue out: one receive more, hidden until `visibleAt`. Those of a FIFO queue are the first
    /// of one group. Their records say so from then on.
    func receive(
        _ deliveries: [Delivery], from queue: QueueRecord, until visibleAt: Timestamp
    ) throws(SQLiteError) {
        if deliveries.isEmpty { return }
        let group = queue.settings.isFIFO ? deliveries[0].message.groupID : nil
        var keys: [MessageKey] = []
        keys.reserveCapacity(deliveries.count)
        for delivery in deliveries {
            if let arrival = delivery.arrival, !arrival.isWritten {
                arrivals.handOut(arrival, until: visibleAt)
            } else {
                keys.append(delivery.message.key)
            }
        }
        try receiveRows(keys, until: visibleAt)
        try changeCounts(of: queue.backlog) {
            for delivery in deliveries { $0[delivery.message.state] -= 1 }
            $0[.inFlight] += deliveries.count
        }
        if let group {
            try endTurn(of: group, in: queue.backlog)
        } else {
            try groupsChanged(of: deliveries.map(\.message), to: .inFlight, in: queue)
        }
        news.messageHidden(until: visibleAt)
        for delivery in deliveries { delivery.message.wasReceived(at: now, until: visibleAt) }
    }

    /// The dead-letter queue an exhausted message belongs into; nil where it stays. A target that no longer exists is
    /// no reason to withhold the message, and one that is the queue itself would move it in circles.
    func deadLetterQueue(for message: MessageRecord, in queue: QueueRecord) throws(SQLiteError) -> QueueRecord? {
        guard let policy = queue.settings.redrivePolicy, message.isExhausted(by: policy) else { return nil }
        guard let target = try self.queue(policy.target), target.id != queue.id,
            target.settings.isFIFO == queue.settings.isFIFO
        else { return nil }
        return target
    }

    /// Moves an exhausted message into its dead-letter queue, where it may be received at once. It keeps its ids, body
    /// and receive count; on standard queues also the time it was sent. On FIFO queues it is enqueued anew: a new
    /// sequence number and time, and its message id as deduplication id. Returns the length of what was rewritten.
    func move(
        _ message: MessageRecord, from queue: QueueRecord, toDeadLetterQueue target: QueueRecord
    ) throws(SQLiteError) -> Int {
        let isFIFO = target.settings.isFIFO
        let id = isFIFO ? try nextSequenceNumber() : message.id
        let key = try join(message.groupID, as: id, state: .ready, in: target)
        try connection.statement(
            """
            UPDATE message SET backlog_id = ?, line = ?, id = ?, state = 0, visible_at = ?, sent_at = ?,
                deduplication_id = ?, dead_letter_source = ?, received_elsewhere = receive_count
            WHERE line = ? AND id = ?
            """
        ).run(
            target.backlog.rawValue, key.line.rawValue, id.rawValue, now.milliseconds,
            (isFIFO ? now : message.sentAt).milliseconds,
            isFIFO ? message.messageID.text : message.deduplicationID, queue.name.arn, message.key.line.rawValue,
            message.id.rawValue)
        let length = id == message.id ? 0 : try renumberBody(of: message, to: id)
        try changeCounts(of: message.backlog) { $0[message.state] -= 1 }
        try groupsChanged(of: [message], to: nil, in: queue)
        try changeCounts(of: target.backlog) { $0[.ready] += 1 }
        news.availableQueues.insert(target.id)
        news.queuesWithOldArrivals.insert(target.id)
        try noteIfEmptied(queue)
        return length
    }

    /// Moves a ready message as a message move task does: it arrives as a new one, sent now, never received and from
    /// nowhere, with the content, group and deduplication id of the old. It may be received at once whatever the delay
    /// of its new queue. Deduplication has no part in it: what was sent before does not swallow the message, nor does
    /// the message swallow what is sent after it. Returns the length of its content.
    func redrive(
        _ message: MessageRecord, from queue: QueueRecord, to target: QueueRecord
    ) throws(SQLiteError) -> Int {
        let id = try nextSequenceNumber()
        let state = MessageState.ofArrival(delaySeconds: 0, groupID: message.groupID)
        let key = try join(message.groupID, as: id, state: state, in: target)
        try connection.statement(
            """
            UPDATE message SET backlog_id = ?1, line = ?2, id = ?3, message_id = ?4, state = ?5,
                visible_at = ?6, sent_at = ?6, receive_count = 0, first_received_at = NULL, dead_letter_source = NULL,
                received_elsewhere = 0
            WHERE line = ?7 AND id = ?8
            """
        ).run(
            target.backlog.rawValue, key.line.rawValue, id.rawValue, randomMessageID().bytes, state.rawValue,
            now.milliseconds, message.key.line.rawValue, message.id.rawValue)
        let length = try renumberBody(of: message, to: id)
        try changeCounts(of: message.backlog) { $0[message.state] -= 1 }
        try groupsChanged(of: [message], to: nil, in: queue)
        try changeCounts(of: target.backlog) { $0.arrived(id, as: state) }
        news.availableQueues.insert(target.id)
        news.queuesWithArrivals.insert(target.id)
        return length
    }

    /// SQLite writes a body anew to give it another number: no more than this, and a message, goes in one step, or a batch
    /// of the largest ones would be a long one. So it would if more were sent in it.
    static let rewrittenMax = 4 << 20

    private func renumberBody(of message: MessageRecord, to id: SequenceNumber) throws(SQLiteError) -> Int {
        let length =
            try connection.statement(
                """
                UPDATE message_body SET id = ? WHERE id = ?
                RETURNING length(CAST(body AS BLOB)) + coalesce(length(attributes), 0) + coalesce(length(trace_header), 0)
                """
            ).first(id.rawValue, message.id.rawValue) { Int($0.integer(0)) } ?? 0
        rewrittenBytes += length
        return length
    }

    private func noteIfEmptied(_ queue: QueueRecord) throws(SQLiteError) {
        if try counts(of: queue.backlog).total == 0 { news.emptiedQueues.insert(queue.id) }
    }

    private func noteIfExhausted(_ message: MessageRecord, in queue: QueueRecord) {
        guard let policy = queue.settings.redrivePolicy, message.isExhausted(by: policy) else { return }
        news.queuesWithExhausted.insert(queue.id)
    }
}
