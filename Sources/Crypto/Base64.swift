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
        append(bytes, to: &text)
        return text
    }

    /// Appends the text of `bytes` to `text`.
    package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        bytes.withUnsafeBytes { append($0, to: &text) }
    }

    /// Appends the text of `bytes` to `text`.
    package static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        let added = (bytes.count + 2) / 3 * 4
        text.append(addingCapacity: added) { output in
            output.withUnsafeMutableBufferPointer { text, count in
                write(bytes, to: UnsafeMutableBufferPointer(rebasing: text[count...]))
                count += added
            }
        }
    }

    /// Into memory of the right size: appending would look for room at every character.
    private static func write(_ bytes: UnsafeRawBufferPointer, to text: UnsafeMutableBufferPointer<UInt8>) {
        let alphabet = alphabet.utf8Start
        var position = 0
        func append(_ group: Int, digits: Int) {
            for digit in 0..<4 {
                text[position + digit] = digit < digits ? alphabet[group >> (18 - 6 * digit) & 63] : padding
            }
            position += 4
        }
        var index = 0
        while index + 2 < bytes.count {
            append(Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]), digits: 4)
            index += 3
        }
        switch bytes.count - index {
        case 1: append(Int(bytes[index]) << 16, digits: 2)
        case 2: append(Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8, digits: 3)
        default: break
        }
    }

    /// The bytes that `text` encodes; `nil` unless it is padded, complete, free of other characters, and spelled the
    /// one way an encoder spells it (no bits set that belong to no byte).
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3) { bytes, count in
            let decoded = decode(text, to: UnsafeMutableRawBufferPointer(bytes))
            isValid = decoded != nil
            count = decoded ?? 0
        }
        return isValid ? bytes : nil
    }

    /// Like ``decode(_:)``, to memory for three bytes for each four of `text`.
    /// - Returns: how many bytes there are.
    package static func decode(_ text: [UInt8], to bytes: UnsafeMutableRawBufferPointer) -> Int? {
        guard text.count % 4 == 0 else { return nil }
        guard let last = text.last else { return 0 }
        precondition(bytes.count >= text.count / 4 * 3)
        let padded = last != padding ? 0 : text[text.count - 2] == padding ? 2 : 1
        var count = 0
        let isValid = text.withUnsafeBufferPointer { text in
            read(UnsafeBufferPointer(rebasing: text.dropLast(padded)), to: bytes, count: &count)
        }
        return isValid ? count : nil
    }

    /// Decodes digits without their padding; false if they are no base64.
    private static func read(
        _ digits: UnsafeBufferPointer<UInt8>, to bytes: UnsafeMutableRawBufferPointer, count: inout Int
    ) -> Bool {
        values.withUnsafeBufferPointer { values in
            var bits: UInt32 = 0
            var bitCount: UInt32 = 0
            var index = 0
            func take() -> Bool {
                let value = values[Int(digits[index])]
                bits = bits << 6 | UInt32(value)
                bitCount += 6
                index += 1
                return value != 255
            }
            func give() {
                bitCount -= 8
                bytes[count] = UInt8(truncatingIfNeeded: bits >> bitCount)
                count += 1
            }
            while index + 4 <= digits.count {
                guard take(), take(), take(), take() else { return false }
                give()
                give()
                give()
            }
            while index < digits.count {
                guard take() else { return false }
                if bitCount >= 8 { give() }
            }
            return bits & (1 << bitCount - 1) == 0
        }
    }
}
