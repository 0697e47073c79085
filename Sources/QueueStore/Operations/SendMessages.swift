import QueueModel
import SQLite

/// Puts messages into a queue: one, or the entries of a batch, each of which succeeds or fails alone.
package struct SendMessages: WriteOperation {
    package static var checksBeforeChanging: Bool { true }

    /// What messages do not have that a FIFO queue asks for.
    package struct Lacking: OptionSet, Sendable {
        package static let groupID = Lacking(rawValue: 1)
        package static let deduplicationID = Lacking(rawValue: 2)

        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }
    }

    let name: QueueName
    let messages: [OutgoingMessage]
    let isBatch: Bool
    let refusedLack: Lacking

    /// `refusedLack`: what messages lack that are not among `messages`, since they were refused already.
    package init(to name: QueueName, _ messages: [OutgoingMessage], isBatch: Bool, refusedLack: Lacking = []) {
        self.name = name
        self.messages = messages
        self.isBatch = isBatch
        self.refusedLack = refusedLack
    }

    /// One result for each message, in their order.
    package func run(in transaction: WriteTransaction) throws -> [Result<SentMessage, QueueError>] {
        let queue = try transaction.existingQueue(name)
        if queue.settings.isFIFO { try checkFIFOIdentifiers(queue.settings) }
        var results: [Result<SentMessage, QueueError>] = []
        results.reserveCapacity(messages.count)
        for message in messages {
            do {
                try check(message, against: queue.settings)
                results.append(.success(try transaction.send(message, to: queue)))
            } catch let error as QueueError {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// What every message of a request to a FIFO queue must carry; one without it fails the whole request.
    private func checkFIFOIdentifiers(_ settings: QueueSettings) throws(QueueError) {
        if refusedLack.contains(.groupID) || messages.contains(where: { $0.groupID == nil }) {
            // In a batch the same text comes with another code.
            throw isBatch
                ? .invalidParameter("The request must contain the parameter MessageGroupId.")
                : .missingParameter("MessageGroupId")
        }
        if settings.contentBasedDeduplication { return }
        if refusedLack.contains(.deduplicationID) || messages.contains(where: { $0.deduplicationID == nil }) {
            throw .invalidParameter(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                    + "provided explicitly")
        }
    }

    private func check(_ message: OutgoingMessage, against settings: QueueSettings) throws(QueueError) {
        if settings.isFIFO {
            if let delay = message.delaySeconds, delay != 0 {
                throw MessageIdentifiers.notForThisQueueType(delay, of: "DelaySeconds")
            }
        } else if let id = message.deduplicationID {
            throw MessageIdentifiers.notForThisQueueType(id, of: "MessageDeduplicationId")
        }
        guard message.size <= settings.maximumMessageSize else {
            throw .messageTooLong(limit: settings.maximumMessageSize)
        }
    }
}

extension WriteTransaction {
    fileprivate func send(_ message: consuming OutgoingMessage, to queue: QueueRecord) throws -> SentMessage {
        let isFIFO = queue.settings.isFIFO
        let deduplicationID = isFIFO ? message.deduplicationID ?? contentDeduplicationID(message) : nil
        if let deduplicationID, let first = try duplicate(of: message, id: deduplicationID, in: queue) { return first }
        try takeRoom(message.storedSize)
        let id = try nextSequenceNumber()
        let messageID = randomMessageID()
        // On a FIFO queue a delay of 0 means the delay of the queue.
        let delay = (isFIFO ? nil : message.delaySeconds) ?? queue.settings.delaySeconds
        let visibleAt = now.adding(seconds: delay)
        let group = message.groupID
        let state = MessageState.ofArrival(delaySeconds: delay, groupID: group)
        let key = try join(group, as: id, state: state, in: queue)
        arrivals.add(
            Arrivals.Message(
                backlog: queue.backlog, key: key, messageID: messageID, state: state, visibleAt: visibleAt, sentAt: now,
                deduplicationID: deduplicationID, content: message))
        try changeCounts(of: queue.backlog) { $0.arrived(id, as: state) }
        let sent = SentMessage(id: messageID, sequenceNumber: isFIFO ? id : nil)
        if let deduplicationID {
            try remember(sent, number: id, id: deduplicationID, group: group, in: queue)
        }
        news.queuesWithArrivals.insert(queue.id)
        if state == .delayed { news.messageHidden(until: visibleAt) } else { news.availableQueues.insert(queue.id) }
        return sent
    }
}
