/// What a receipt handle says: the queue, the message and the receive it was issued for.
package struct ReceiptHandle: Sendable, Equatable {
    package let queue: QueueID
    package let backlog: BacklogID
    package let message: SequenceNumber
    /// The message's receive count at the receive.
    package let receiveCount: Int
    package let receivedAt: Timestamp

    package init(
        queue: QueueID, backlog: BacklogID, message: SequenceNumber, receiveCount: Int, receivedAt: Timestamp
    ) {
        self.queue = queue
        self.backlog = backlog
        self.message = message
        self.receiveCount = receiveCount
        self.receivedAt = receivedAt
    }

    /// Bytes of ``encoded``.
    package static let byteCount = 1 + 8 + 8 + 8 + 4 + 8
    private static let version: UInt8 = 1

    /// The handle as ``byteCount`` bytes. It has to be sealed before a client sees it.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(64)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(queue.rawValue)
        append(backlog.rawValue)
        append(message.rawValue)
        append(UInt32(clamping: receiveCount))
        append(receivedAt.milliseconds)
        return bytes
    }

    /// The handle in bytes that ``encoded`` made; nil for any others.
    package init?(encoded bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount, bytes.first == Self.version else { return nil }
        var rest = bytes.dropFirst()
        func integer(_ width: Int) -> Int64 {
            defer { rest = rest.dropFirst(width) }
            return rest.prefix(width).reduce(0) { $0 << 8 | Int64($1) }
        }
        queue = QueueID(integer(8))
        backlog = BacklogID(integer(8))
        message = SequenceNumber(integer(8))
        receiveCount = Int(integer(4))
        receivedAt = Timestamp(milliseconds: integer(8))
    }
}
