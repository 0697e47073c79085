import QueueModel
import SQLite

/// Hands out messages of a queue. Those received too often go to the dead-letter queue in the same transaction.
package struct ReceiveMessages: WriteOperation {
    package static var checksBeforeChanging: Bool { true }

    package let name: QueueName
    let limit: Int
    let visibilityTimeoutSeconds: Int?
    let waits: Bool
    let attemptID: String?

    /// `visibilityTimeoutSeconds`: nil takes the queue's. `waits`: the caller would wait for messages; then too many in
    /// flight is no error. `attemptID`: on FIFO queues, what makes a repeated receive return the same messages.
    package init(
        from name: QueueName, limit: Int, visibilityTimeoutSeconds: Int? = nil, waits: Bool = false,
        attemptID: String? = nil
    ) {
        self.name = name
        self.limit = limit
        self.visibilityTimeoutSeconds = visibilityTimeoutSeconds
        self.waits = waits
        self.attemptID = attemptID
    }

    /// A receive looks at no more messages than this that turn out to be expired or exhausted, so that it never holds up
    /// the writer for long; a sweeper takes the rest.
    private static let discardedMax = 200

    package func run(in transaction: WriteTransaction) throws -> [ReceivedMessage] {
        let queue = try transaction.existingQueue(name)
        let timeout = visibilityTimeoutSeconds ?? queue.settings.visibilityTimeoutSeconds
        if let attemptID {
            guard queue.settings.isFIFO else {
                throw MessageIdentifiers.notForThisQueueType(attemptID, of: "ReceiveRequestAttemptId")
            }
            if let replayed = try transaction.replay(attemptID, in: queue, timeoutSeconds: timeout) { return replayed }
        }
        let room = try roomInFlight(of: queue, in: transaction)
        // A message with a timeout of 0 is hidden only while this receive selects, so that it comes once.
        let visibleAt = transaction.now.adding(milliseconds: max(Int64(timeout) * 1000, 1))
        let received = try select(min(limit, room), from: queue, until: visibleAt, in: transaction)
        if timeout == 0 {
            for delivery in received {
                try transaction.makeReady(delivery.message, in: queue, at: transaction.now)
                delivery.message.visibleAt = transaction.now
            }
        }
        let messages = received.map { $0.received(from: queue, at: transaction.now) }
        if let attemptID, !messages.isEmpty {
            try transaction.remember(attemptID, messages: received.map(\.message), in: queue)
        }
        return messages
    }

    private func roomInFlight(of queue: QueueRecord, in transaction: WriteTransaction) throws -> Int {
        let room = transaction.options.inFlightMax - (try transaction.counts(of: queue.backlog).inFlight)
        guard room <= 0 else { return room }
        if queue.settings.isFIFO || waits { return 0 }
        throw QueueError.overLimit(
            message: "Too many messages have been received without being deleted.\n"
                + "Please delete your received messages or let them timeout before receiving more.")
    }

    private func select(
        _ wanted: Int, from queue: QueueRecord, until visibleAt: Timestamp, in transaction: WriteTransaction
    ) throws(SQLiteError) -> [Delivery] {
        var taken: [Delivery] = []
        var discarded = 0
        var rewritten = 0
        var hasDoneMuch: Bool { discarded >= Self.discardedMax || rewritten >= WriteTransaction.rewrittenMax }
        while taken.count < wanted, !hasDoneMuch {
            var given = try transaction.nextDeliverable(wanted - taken.count, in: queue)
            if given.isEmpty { break }
            var index = 0
            while index < given.count {
                if given[index].message.isExpired(in: queue, at: transaction.now) {
                    try transaction.remove(given.remove(at: index).message, from: queue)
                    discarded += 1
                } else if let target = try transaction.deadLetterQueue(for: given[index].message, in: queue) {
                    let message = given.remove(at: index).message
                    rewritten += try transaction.move(message, from: queue, toDeadLetterQueue: target)
                    discarded += 1
                } else {
                    index += 1
                }
            }
            try transaction.receive(given, from: queue, until: visibleAt)
            if taken.isEmpty { taken = given } else { taken += given }
        }
        if hasDoneMuch { transaction.news.unfinishedQueues.insert(queue.id) }
        return taken
    }
}

/// A message with its body, as it is read to be handed out.
struct Delivery {
    var message: MessageRecord
    let body: [UInt8]
    let bodyMD5: [UInt8]
    let attributes: [UInt8]?
    let traceHeader: String?
    /// Where the message was found before it came into its tables.
    let arrival: Arrivals.Message?

    init(_ row: Row) {
        message = MessageRecord(row)
        body = row.bytes(13)
        bodyMD5 = row.bytes(14)
        attributes = row.bytesOrNil(15)
        traceHeader = row.textOrNil(16)
        arrival = nil
    }

    init(_ arrival: Arrivals.Message) {
        message = MessageRecord(arrival)
        body = arrival.content.body
        bodyMD5 = arrival.content.bodyMD5
        attributes = arrival.content.attributes
        traceHeader = arrival.content.traceHeader
        self.arrival = arrival
    }

    func received(from queue: QueueRecord, at now: Timestamp) -> ReceivedMessage {
        ReceivedMessage(
            id: message.messageID,
            handle: ReceiptHandle(
                queue: queue.id, backlog: message.backlog, message: message.id, group: message.key.line.group,
                receiveCount: message.receiveCount, receivedAt: now),
            body: body, bodyMD5: bodyMD5, attributes: attributes, traceHeader: traceHeader, sentAt: message.sentAt,
            firstReceivedAt: message.firstReceivedAt ?? now, receiveCount: message.receiveCount,
            groupID: message.groupID, deduplicationID: message.deduplicationID,
            sequenceNumber: queue.settings.isFIFO ? message.id : nil, deadLetterSourceARN: message.deadLetterSource,
            isOverdue: queue.settings.redrivePolicy.map(message.isOverdue) ?? false)
    }
}

/// What may be handed out next.
extension WriteTransaction {
    /// Up to `limit` messages that may be handed out now, in the order of the queue; fewer do not mean there are no more.
    func nextDeliverable(_ limit: Int, in queue: QueueRecord) throws(SQLiteError) -> [Delivery] {
        if queue.settings.isFIFO {
            guard let group = try nextGroup(in: queue) else { return [] }
            // Only what stands before the first message in flight or delayed keeps the order of the group.
            let first = try first(limit, inFIFOGroup: group.number)
            return Array(first.prefix { $0.message.state == .ready })
        }
        let counts = try counts(of: queue.backlog)
        if counts[.ready] == 0 {
            // Whatever is ready is fresh, and has no group. Somebody may have waited for a message that was just sent.
            if let arrived = arrivals.fresh(limit, of: queue.backlog, count: counts.fresh) {
                return arrived.map { Delivery($0) }
            }
            return try readyWithoutGroup(limit, in: queue)
        }
        guard let group = try nextGroup(in: queue) else { return try readyWithoutGroup(limit, in: queue) }
        // Fair queue: whoever was sent first, a noisy group last.
        let ungrouped = try readyWithoutGroup(1, in: queue)
        if let first = ungrouped.first, first.message.id.rawValue < group.position { return ungrouped }
        return try firstReady(in: group.id, of: queue.backlog)
    }

    struct NextGroup {
        let id: String
        let number: GroupNumber
        let position: Int64
        let inFlight: Int
    }

    /// The group whose turn it is; nil if no group has anything to hand out.
    func nextGroup(in queue: QueueRecord) throws(SQLiteError) -> NextGroup? {
        while true {
            let next = try connection.statement(
                """
                SELECT group_id, number, position, in_flight FROM message_group
                WHERE backlog_id = ? AND position IS NOT NULL ORDER BY position LIMIT 1
                """
            ).first(queue.backlog.rawValue) {
                NextGroup(
                    id: $0.text(0), number: GroupNumber($0.integer(1)), position: $0.integer(2),
                    inFlight: Int($0.integer(3)))
            }
            guard let next, !queue.settings.isFIFO else { return next }
            // A group's share changes with what others have in flight, so it is looked at when its turn comes.
            let isNoisy = try isNoisy(inFlight: next.inFlight, in: queue.backlog)
            let stoodAsNoisy = next.position >= Self.noisyOffset
            if isNoisy == stoodAsNoisy { return next }
            try connection.statement("UPDATE message_group SET position = ? WHERE backlog_id = ? AND group_id = ?").run(
                next.position + (isNoisy ? Self.noisyOffset : -Self.noisyOffset), queue.backlog.rawValue, next.id)
        }
    }

    /// Fresh messages and those that are ready otherwise, in the order of their numbers.
    private func readyWithoutGroup(_ limit: Int, in queue: QueueRecord) throws(SQLiteError) -> [Delivery] {
        let counts = try counts(of: queue.backlog)
        let indexed = counts[.ready] > 0 ? try indexedWithoutGroup(limit, in: queue.backlog) : []
        if counts.fresh == 0 { return indexed }
        if indexed.count == limit, let last = indexed.last, last.message.id < counts.freshFrom { return indexed }
        let fresh = try fresh(limit, of: counts, in: queue)
        if indexed.isEmpty { return fresh }
        return Array((indexed + fresh).sorted { $0.message.id < $1.message.id }.prefix(limit))
    }

    /// Numbers that one search for fresh messages covers where it may meet many others, and the searches of one call.
    private static let stretchLength: Int64 = 500
    private static let stretchesMax = 4

    /// The first fresh messages. Delayed ones and others may stand before them: if those are very many, it gives up among
    /// them, and the next call goes on from there.
    private func fresh(
        _ limit: Int, of counts: BacklogCounts, in queue: QueueRecord
    ) throws(SQLiteError) -> [Delivery] {
        let mayPassMany = counts.total - counts.fresh > Int(Self.stretchLength) * Self.stretchesMax
        var start = counts.freshFrom
        for _ in 0..<Self.stretchesMax {
            let end = mayPassMany ? SequenceNumber(start.rawValue + Self.stretchLength) : SequenceNumber(.max)
            let found = try fresh(min(limit, counts.fresh), from: start, until: end, in: queue.backlog)
            if let first = found.first {
                try changeCounts(of: queue.backlog) { $0.freshBegin(at: first.message.id) }
                return found
            }
            guard let next = try firstNumber(from: end, in: queue.backlog) else { return [] }
            start = next
        }
        try changeCounts(of: queue.backlog) { $0.freshBegin(at: start) }
        news.unfinishedQueues.insert(queue.id)
        return []
    }

    private func firstNumber(
        from start: SequenceNumber, in backlog: BacklogID
    ) throws(SQLiteError) -> SequenceNumber? {
        try connection.statement(
            "SELECT id FROM message WHERE line = ? AND id >= ? ORDER BY id LIMIT 1"
        ).first(Line(of: backlog).rawValue, start.rawValue) { SequenceNumber($0.integer(0)) }
    }

    private func fresh(
        _ limit: Int, from start: SequenceNumber, until end: SequenceNumber, in backlog: BacklogID
    ) throws(SQLiteError) -> [Delivery] {
        try connection.statement(
            """
            SELECT backlog_id, line, message.id, message_id, state, visible_at, receive_count, sent_at,
                first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere, body, md5,
                attributes, trace_header
            FROM message JOIN message_body ON message_body.id = message.id
            WHERE line = ? AND message.id >= ? AND message.id < ? AND state = -1 ORDER BY message.id LIMIT ?
            """
        ).all(Line(of: backlog).rawValue, start.rawValue, end.rawValue, limit, read: Delivery.init)
    }

    /// SQLite has to be told of the index: by itself it walks over all messages in flight that stand before these.
    private func indexedWithoutGroup(_ limit: Int, in backlog: BacklogID) throws(SQLiteError) -> [Delivery] {
        try connection.statement(
            """
            SELECT backlog_id, line, message.id, message_id, state, visible_at, receive_count, sent_at,
                first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere, body, md5,
                attributes, trace_header
            FROM message INDEXED BY message_ready JOIN message_body ON message_body.id = message.id
            WHERE backlog_id = ? AND state = 0 AND group_id IS NULL ORDER BY message.id LIMIT ?
            """
        ).all(backlog.rawValue, limit, read: Delivery.init)
    }

    /// The first messages of a FIFO group, whatever their state.
    private func first(
        _ limit: Int, inFIFOGroup group: GroupNumber
    ) throws(SQLiteError) -> [Delivery] {
        try connection.statement(
            """
            SELECT backlog_id, line, message.id, message_id, state, visible_at, receive_count, sent_at,
                first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere, body, md5,
                attributes, trace_header
            FROM message JOIN message_body ON message_body.id = message.id
            WHERE line = ? ORDER BY message.id LIMIT ?
            """
        ).all(Line(of: group).rawValue, limit, read: Delivery.init)
    }

    /// The first ready message of a standard queue's group; none if there is none.
    private func firstReady(in group: String, of backlog: BacklogID) throws(SQLiteError) -> [Delivery] {
        try connection.statement(
            """
            SELECT backlog_id, line, message.id, message_id, state, visible_at, receive_count, sent_at,
                first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere, body, md5,
                attributes, trace_header
            FROM message INDEXED BY message_in_group JOIN message_body ON message_body.id = message.id
            WHERE backlog_id = ? AND group_id = ? AND state = 0 AND deduplication_id IS NULL
            ORDER BY message.id LIMIT 1
            """
        ).all(backlog.rawValue, group, read: Delivery.init)
    }
}
