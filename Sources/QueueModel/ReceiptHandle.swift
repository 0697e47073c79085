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

    /// Bytes of an encoded handle.
    package static let byteCount = 1 + 8 + 8 + 8 + 4 + 8
    private static let version: UInt8 = 1

    /// Writes the handle to the first ``byteCount`` bytes. It has to be sealed before a client sees it.
    package func encode(to bytes: UnsafeMutableRawBufferPointer) {
        bytes[0] = Self.version
        var offset = 1
        func write<Integer: FixedWidthInteger>(_ value: Integer) {
            bytes.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Integer.self)
            offset += Integer.bitWidth / 8
        }
        write(queue.rawValue)
        write(backlog.rawValue)
        write(message.rawValue)
        write(UInt32(clamping: receiveCount))
        write(receivedAt.milliseconds)
    }

    /// The handle in bytes that ``encode(to:)`` wrote; nil for any others.
    package init?(encoded bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, bytes[0] == Self.version else { return nil }
        var offset = 1
        func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
            defer { offset += type.bitWidth / 8 }
            return Integer(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        queue = QueueID(integer(Int64.self))
        backlog = BacklogID(integer(Int64.self))
        message = SequenceNumber(integer(Int64.self))
        receiveCount = Int(integer(UInt32.self))
        receivedAt = Timestamp(milliseconds: integer(Int64.self))
    }
}
