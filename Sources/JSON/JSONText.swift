/// What the parser and the writer know about the bytes of a JSON string.
enum JSONText {
    /// The first byte in the range that is a quote, a backslash, a control character or not ASCII; `end` if none is.
    static func firstSpecial(_ bytes: UnsafePointer<UInt8>, from begin: Int, to end: Int) -> Int {
        var position = begin
        let raw = UnsafeRawPointer(bytes)
        func marks(at offset: Int) -> UInt64 {
            specialMarks(in: raw.loadUnaligned(fromByteOffset: position + offset, as: UInt64.self).littleEndian)
        }
        while position + 32 <= end, marks(at: 0) | marks(at: 8) | marks(at: 16) | marks(at: 24) == 0 { position += 32 }
        while position + 8 <= end {
            let marks = marks(at: 0)
            if marks != 0 { return position + marks.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < end, !isSpecial(bytes[position]) { position += 1 }
        return position
    }

    /// The high bit of each of eight bytes that `firstSpecial` looks for, exact up to the first one found: subtraction
    /// can only borrow from a byte above one that is itself marked.
    @inline(__always)
    private static func specialMarks(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let control = word &- ones &* 0x20
        let quote = (word ^ ones &* 0x22) &- ones
        let backslash = (word ^ ones &* 0x5C) &- ones
        return (control | quote | backslash | word) & (ones &* 0x80)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte >= 0x80
    }

    /// The length of the UTF-8 sequence that begins with a byte beyond ASCII, 0 if it is not one (table 3-7 of the
    /// Unicode standard).
    static func utf8SequenceLength(_ bytes: UnsafePointer<UInt8>, available: Int) -> Int {
        let lead = bytes[0]
        let length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
        guard length > 0, length <= available else { return 0 }
        let second: ClosedRange<UInt8> =
            switch lead {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard second.contains(bytes[1]) else { return 0 }
        for index in 2..<max(length, 2) where bytes[index] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Resolves the escapes of a string that is known to be well formed; returns how many bytes were written, never
    /// more than there are in `raw`.
    static func unescape(_ raw: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        guard let source = raw.baseAddress, var target = output.baseAddress else { return 0 }
        let begin = target
        var position = 0
        while position < raw.count {
            if source[position] != UInt8(ascii: "\\") {
                target.initialize(to: source[position])
                target += 1
                position += 1
            } else if source[position + 1] == UInt8(ascii: "u") {
                target += appendUTF8(codePoint(source, &position, count: raw.count), to: target)
            } else {
                target.initialize(to: meaning(of: source[position + 1]))
                target += 1
                position += 2
            }
        }
        return target - begin
    }

    /// The character that a one-letter escape stands for.
    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// The code point of the `\u` escape at `position`, both halves if it is a surrogate pair.
    private static func codePoint(_ source: UnsafePointer<UInt8>, _ position: inout Int, count: Int) -> UInt32 {
        let first = fourDigits(source + position + 2)
        position += 6
        guard first & 0xFC00 == 0xD800, position + 6 <= count, source[position] == UInt8(ascii: "\\"),
            source[position + 1] == UInt8(ascii: "u")
        else { return first }
        let second = fourDigits(source + position + 2)
        guard second & 0xFC00 == 0xDC00 else { return first }
        position += 6
        return 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
    }

    private static func fourDigits(_ digits: UnsafePointer<UInt8>) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 { value = value << 4 | UInt32(hexValue(digits[index]) ?? 0) }
        return value
    }

    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Writes a code point, which may be a lone surrogate, in one to four bytes; returns how many.
    private static func appendUTF8(_ code: UInt32, to target: UnsafeMutablePointer<UInt8>) -> Int {
        func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
        func continuation(_ value: UInt32) -> UInt8 { 0x80 | byte(value) & 0x3F }
        switch code {
        case 0..<0x80:
            target[0] = byte(code)
            return 1
        case 0x80..<0x800:
            target[0] = 0xC0 | byte(code >> 6)
            target[1] = continuation(code)
            return 2
        case 0x800..<0x10000:
            target[0] = 0xE0 | byte(code >> 12)
            target[1] = continuation(code >> 6)
            target[2] = continuation(code)
            return 3
        default:
            target[0] = 0xF0 | byte(code >> 18)
            target[1] = continuation(code >> 12)
            target[2] = continuation(code >> 6)
            target[3] = continuation(code)
            return 4
        }
    }
}
