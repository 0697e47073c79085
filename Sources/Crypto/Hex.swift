/// Hexadecimal text.
package enum Hex {
    private static let digits: StaticString = "0123456789abcdef"

    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            write(bytes, to: text)
            return bytes.count * 2
        }
    }

    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { encode($0) }
    }

    /// Appends two lower-case digits for each byte to `text`.
    package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        text.append(addingCapacity: bytes.count * 2) { output in
            output.withUnsafeMutableBufferPointer { digits, count in
                bytes.withUnsafeBytes { write($0, to: UnsafeMutableBufferPointer(rebasing: digits[count...])) }
                count += bytes.count * 2
            }
        }
    }

    /// The bytes that `text` spells in digits of either case; `nil` if it is anything else.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { value(of: $0) }
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to text: UnsafeMutableBufferPointer<UInt8>) {
        let digits = digits.utf8Start
        for index in bytes.indices {
            text[index * 2] = digits[Int(bytes[index] >> 4)]
            text[index * 2 + 1] = digits[Int(bytes[index] & 15)]
        }
    }

    /// What a hexadecimal digit of either case stands for.
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
