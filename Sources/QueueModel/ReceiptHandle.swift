/// What a receipt handle says: the queue, the message and the receive it was issued for.
package struct ReceiptHandle: Sendable, Equatable {
    package let queue: QueueID
    package let backlog: BacklogID
    package let message: SequenceNumber
    /// The message's group; none on standard queues, and in handles of FIFO queues from before messages stood in the order of
    /// their groups.
    package let group: GroupNumber
    /// The message's receive count at the receive.
    package let receiveCount: Int
    package let receivedAt: Timestamp

    package init(
        queue: QueueID, backlog: BacklogID, message: SequenceNumber, group: GroupNumber, receiveCount: Int,
        receivedAt: Timestamp
    ) {
        self.queue = queue
        self.backlog = backlog
        self.message = message
        self.group = group
        self.receiveCount = receiveCount
        self.receivedAt = receivedAt
    }

    /// Bytes of the handle when it is encoded: those with a group have eight more.
    package var byteCount: Int { group == .none ? Self.byteCountWithoutGroup : Self.byteCountMax }
    package static let byteCountMax = byteCountWithoutGroup + 8
    private static let byteCountWithoutGroup = 1 + 8 + 8 + 8 + 4 + 8
    private static let versionWithoutGroup: UInt8 = 1
    private static let version: UInt8 = 2

    /// Writes the handle to the first ``byteCount`` bytes. It has to be sealed before a client sees it.
    package func encode(to bytes: UnsafeMutableRawBufferPointer) {
        bytes[0] = group == .none ? Self.versionWithoutGroup : Self.version
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
        if group != .none { write(group.rawValue) }
    }

    /// The handle in bytes that ``encode(to:)`` wrote; nil for any others.
    package init?(encoded bytes: UnsafeRawBufferPointer) {
        let hasGroup = bytes.count == Self.byteCountMax
        guard hasGroup || bytes.count == Self.byteCountWithoutGroup,
            bytes[0] == (hasGroup ? Self.version : Self.versionWithoutGroup)
        else { return nil }
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
        group = hasGroup ? GroupNumber(integer(Int64.self)) : .none
        // Each handle is encoded in one way only.
        if hasGroup, group == .none { return nil }
    }
}
