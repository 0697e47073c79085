/// Rules on what a message may hold.
package enum MessageContent {
    /// Whether UTF-8 `bytes` hold only what SQS lets through:
    /// `#x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF`.
    ///
    /// `bytes` are UTF-8 in which lone surrogates may stand as three bytes (from JSON escapes); these are refused too.
    package static func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { isValid($0) }
    }

    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            // Whole words while they are printable ASCII, first four at a time.
            while index + 32 <= count,
                marks(bytes, index) | marks(bytes, index + 8) | marks(bytes, index + 16) | marks(bytes, index + 24) == 0
            {
                index += 32
            }
            while index + 8 <= count, marks(bytes, index) == 0 { index += 8 }
            guard index < count else { break }
            let byte = bytes[index]
            switch byte {
            case 0x20...0xec, 0xee, 0xf0...0xff: index += 1
            case 0x09, 0x0a, 0x0d: index += 1
            case 0xed:
                // ED A0 80 … ED BF BF are the surrogates.
                guard index + 1 < count, bytes[index + 1] < 0xa0 else { return false }
                index += 1
            case 0xef:
                // EF BF BE and EF BF BF are U+FFFE and U+FFFF.
                if index + 2 < count, bytes[index + 1] == 0xbf, bytes[index + 2] >= 0xbe { return false }
                index += 1
            default: return false
            }
        }
        return true
    }

    /// The high bits of those of eight bytes that are control characters below the space or not ASCII; no bit at all if
    /// none is.
    @inline(__always)
    private static func marks(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        // A byte below 0x20 borrows from its high bit; a byte from 0x80 on has it set already.
        return ((word &- 0x2020_2020_2020_2020) | word) & 0x8080_8080_8080_8080
    }
}
