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
    package init?(encoded bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == Self.version else { return nil }
        var offset = 1
        func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
            defer { offset += type.bitWidth / 8 }
            return bytes.withUnsafeBytes { Integer(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
        }
        queue = QueueID(integer(Int64.self))
        backlog = BacklogID(integer(Int64.self))
        message = SequenceNumber(integer(Int64.self))
        receiveCount = Int(integer(UInt32.self))
        receivedAt = Timestamp(milliseconds: integer(Int64.self))
    }
}
