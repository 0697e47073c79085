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

/// A message group of a FIFO queue: the sequence number of the message with which it came into being. A group that has lost
/// its last message comes with the next one as a new one.
package struct GroupNumber: Sendable, Hashable {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// What messages of standard queues have.
    package static let none = GroupNumber(0)
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
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends ``text`` without making a string of it.
    package func append(to text: inout [UInt8]) {
        let digits = Self.digits.utf8Start
        text.append(addingCapacity: bytes.count * 2 + 4) { output in
            output.withUnsafeMutableBufferPointer { characters, count in
                for index in bytes.indices {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        characters[count] = UInt8(ascii: "-")
                        count += 1
                    }
                    characters[count] = digits[Int(bytes[index] >> 4)]
                    characters[count + 1] = digits[Int(bytes[index] & 15)]
                    count += 2
                }
            }
        }
    }

    private static let digits: StaticString = "0123456789abcdef"
}
