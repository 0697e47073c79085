/// Base64 with the standard alphabet and padding (RFC 4648, section 4), from bytes to bytes: Foundation's goes through
/// `Data` and `String`, which costs two copies of every blob and receipt handle.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let padding = UInt8(ascii: "=")

    /// The value of each character, 255 for those outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for index in 0..<64 { values[Int(alphabet.utf8Start[index])] = UInt8(index) }
        return values
    }()

    /// The text of `bytes` as ASCII bytes.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        append(bytes, to: &text)
        return text
    }

    /// Appends the text of `bytes` to `text`.
    package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        let alphabet = alphabet.utf8Start
        var index = 0
        while index + 2 < bytes.count {
            let group = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
            text.append(alphabet[group >> 18])
            text.append(alphabet[group >> 12 & 63])
            text.append(alphabet[group >> 6 & 63])
            text.append(alphabet[group & 63])
            index += 3
        }
        switch bytes.count - index {
        case 1:
            let group = Int(bytes[index])
            text += [alphabet[group >> 2], alphabet[group << 4 & 63], padding, padding]
        case 2:
            let group = Int(bytes[index]) << 8 | Int(bytes[index + 1])
            text += [alphabet[group >> 10], alphabet[group >> 4 & 63], alphabet[group << 2 & 63], padding]
        default:
            break
        }
    }

    /// The bytes that `text` encodes; `nil` unless it is padded, complete, free of other characters, and spelled the
    /// one way an encoder spells it (no bits set that belong to no byte).
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        guard let last = text.last else { return [] }
        let padded = last != padding ? 0 : text[text.count - 2] == padding ? 2 : 1
        let digitCount = text.count - padded
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digitCount * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        return values.withUnsafeBufferPointer { values in
            for digit in text.prefix(digitCount) {
                let value = values[Int(digit)]
                guard value != 255 else { return nil }
                bits = bits << 6 | UInt32(value)
                bitCount += 6
                if bitCount >= 8 {
                    bitCount -= 8
                    bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                }
            }
            return bits & (1 << UInt32(bitCount) - 1) == 0 ? bytes : nil
        }
    }
}
