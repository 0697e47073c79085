/// Names a queue inside the store. Never used again for another queue.
package struct QueueID: Sendable, Hashable, Comparable {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The older queue comes first.
    package static func < (left: QueueID, right: QueueID) -> Bool { left.rawValue < right.rawValue }
}

/// Names the set of messages a queue holds. A purge gives the queue a new, empty backlog, so that it costs the same
/// however many messages there are; a sweeper empties the old one. Never used again.
package struct BacklogID: Sendable, Hashable {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// A message's place in the order of all sends to this store; the sequence number of a FIFO message. Only ever rises
/// and is never used again.
package struct SequenceNumber: Sendable, Hashable, Comparable {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    package static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { left.rawValue < right.rawValue }

    /// Twenty digits, zero-padded, so that the order of text and of numbers agree.
    package var text: String {
        let digits = String(rawValue)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }
}

/// A message's public id: a random UUID (version 4), 16 bytes.
package struct MessageID: Sendable, Hashable {
    package let bytes: [UInt8]

    /// `bytes`: 16 random bytes, of which the version and variant bits are overwritten (RFC 9562).
    package init(random bytes: [UInt8]) {
        precondition(bytes.count == 16)
        var stamped = bytes
        stamped[6] = stamped[6] & 0x0f | 0x40
        stamped[8] = stamped[8] & 0x3f | 0x80
        self.bytes = stamped
    }

    /// `bytes`: 16 bytes as stored.
    package init(stored bytes: [UInt8]) { self.bytes = bytes }

    /// The usual form with dashes, lower case, 36 characters.
    package var text: String {
        let digits = StaticHex.digits
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for (index, byte) in bytes.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                buffer[position] = digits[Int(byte >> 4)]
                buffer[position + 1] = digits[Int(byte & 15)]
                position += 2
            }
            return position
        }
    }
}

enum StaticHex {
    static let digits: [UInt8] = Array("0123456789abcdef".utf8)
}
