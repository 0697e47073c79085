/// A message on its way into a queue. Its content has been checked but for what depends on the queue.
package struct OutgoingMessage: Sendable {
    /// UTF-8.
    package var body: [UInt8]
    /// 16 bytes.
    package var bodyMD5: [UInt8]
    /// User attributes in the form of ``MessageAttributeEncoding``; nil if there are none.
    package var attributes: [UInt8]?
    /// Bytes of the body and of all user attributes: what the queue's maximum is held against.
    package var size: Int
    package var traceHeader: String?
    /// Bytes of all that a client chose the length of, but for the ids.
    package var storedSize: Int { size + (traceHeader?.utf8.count ?? 0) }
    /// Seconds; nil takes the queue's delay.
    package var delaySeconds: Int?
    package var groupID: String?
    package var deduplicationID: String?

    package init(
        body: [UInt8], bodyMD5: [UInt8], attributes: [UInt8]? = nil, size: Int, traceHeader: String? = nil,
        delaySeconds: Int? = nil, groupID: String? = nil, deduplicationID: String? = nil
    ) {
        self.body = body
        self.bodyMD5 = bodyMD5
        self.attributes = attributes
        self.size = size
        self.traceHeader = traceHeader
        self.delaySeconds = delaySeconds
        self.groupID = groupID
        self.deduplicationID = deduplicationID
    }
}

/// The receipt for a message that is in its queue, or, of a suppressed duplicate, that of the first one.
package struct SentMessage: Sendable, Equatable {
    package let id: MessageID
    /// Of FIFO queues only.
    package let sequenceNumber: SequenceNumber?

    package init(id: MessageID, sequenceNumber: SequenceNumber?) {
        self.id = id
        self.sequenceNumber = sequenceNumber
    }
}

/// A message as a receive hands it out.
package struct ReceivedMessage: Sendable, Equatable {
    package let id: MessageID
    package let handle: ReceiptHandle
    /// UTF-8.
    package let body: [UInt8]
    /// 16 bytes.
    package let bodyMD5: [UInt8]
    /// In the form of ``MessageAttributeEncoding``.
    package let attributes: [UInt8]?
    package let traceHeader: String?
    package let sentAt: Timestamp
    package let firstReceivedAt: Timestamp
    /// This receive included.
    package let receiveCount: Int
    package let groupID: String?
    package let deduplicationID: String?
    /// Of FIFO queues only.
    package let sequenceNumber: SequenceNumber?
    package let deadLetterSourceARN: String?
    /// Received more often than its queue allows: there is no dead-letter queue that it could be moved into.
    package let isOverdue: Bool

    /// What it takes of memory, in bytes: its texts, and what is made around them.
    package var memoryBytes: Int {
        body.count + (attributes?.count ?? 0) + (traceHeader?.utf8.count ?? 0) + 512
    }

    package init(
        id: MessageID, handle: ReceiptHandle, body: [UInt8], bodyMD5: [UInt8], attributes: [UInt8]?,
        traceHeader: String?, sentAt: Timestamp, firstReceivedAt: Timestamp, receiveCount: Int,
        groupID: String?, deduplicationID: String?, sequenceNumber: SequenceNumber?, deadLetterSourceARN: String?,
        isOverdue: Bool
    ) {
        self.id = id
        self.handle = handle
        self.body = body
        self.bodyMD5 = bodyMD5
        self.attributes = attributes
        self.traceHeader = traceHeader
        self.sentAt = sentAt
        self.firstReceivedAt = firstReceivedAt
        self.receiveCount = receiveCount
        self.groupID = groupID
        self.deduplicationID = deduplicationID
        self.sequenceNumber = sequenceNumber
        self.deadLetterSourceARN = deadLetterSourceARN
        self.isOverdue = isOverdue
    }
}
