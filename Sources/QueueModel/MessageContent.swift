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
            // Eight bytes at a time while they are all plain: printable ASCII below 0x7f.
            while index + 8 <= count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                guard isPrintableASCII(word) else { break }
                index += 8
            }
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

    private static func isPrintableASCII(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        // A byte below 0x20 borrows from its high bit; a byte from 0x80 on has it set already.
        let belowSpace = (word &- ones &* 0x20) & ~word & highBits
        return (word & highBits) | belowSpace == 0
    }
}
