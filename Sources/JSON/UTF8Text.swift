/// The encoding of all text on the wire.
package enum UTF8Text {
    /// Whether `bytes` are UTF-8 throughout.
    package static func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return true }
            var position = 0
            while true {
                position = JSONText.firstSpecial(start, from: position, to: buffer.count)
                guard position < buffer.count else { return true }
                if start[position] < 0x80 {
                    position += 1
                } else {
                    let length = JSONText.utf8SequenceLength(start + position, available: buffer.count - position)
                    guard length > 0 else { return false }
                    position += length
                }
            }
        }
    }
}
