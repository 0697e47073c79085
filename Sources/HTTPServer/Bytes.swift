import Glibc

/// The bytes that HTTP gives a meaning.
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let comma: UInt8 = 0x2C
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let questionMark: UInt8 = 0x3F
    static let delete: UInt8 = 0x7F

    /// `tchar` of RFC 9110, 5.6.2: letters, digits and !#$%&'*+-.^_`|~
    static func isToken(_ byte: UInt8) -> Bool {
        isMember(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// What a request target may hold: printable ASCII without space and `#`.
    static func isTarget(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != 0x23
    }

    /// What a host and port may hold (RFC 3986, 3.2.2): unreserved, sub-delims, and %:[]
    static func isHost(_ byte: UInt8) -> Bool {
        isMember(byte, low: 0x2FFF_7FF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE)
    }

    /// The control characters that a field value must not hold; the tab is allowed (RFC 9110, 5.5).
    static func isForbiddenControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != tab) || byte == delete
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10
    }

    static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Looks a byte up in a set of ASCII characters, given as one bit for each.
    private static func isMember(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}

extension UnsafeRawBufferPointer {
    /// The first place of a byte at or after `start`.
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        guard let baseAddress, start < count else { return nil }
        guard let found = memchr(baseAddress + start, Int32(byte), count - start) else { return nil }
        return UnsafeRawPointer(found) - baseAddress
    }

    /// Whether a range holds exactly this ASCII text.
    func holds(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount
            && memcmp(baseAddress! + range.lowerBound, text.utf8Start, range.count) == 0
    }

    /// Whether a range holds this text, which must be given in lower case; ASCII letters match in either case. The range
    /// must hold no control characters.
    func holdsIgnoringCase(_ lowercase: StaticString, in range: Range<Int>) -> Bool {
        let count = lowercase.utf8CodeUnitCount
        guard range.count == count else { return false }
        let start = range.lowerBound
        let expected = UnsafeRawPointer(lowercase.utf8Start)
        guard count >= 8 else {
            for offset in 0..<count where Byte.lowercased(self[start + offset]) != lowercase.utf8Start[offset] {
                return false
            }
            return true
        }
        // Names of fields are compared all the time: eight bytes at once, the last eight perhaps twice. Setting the bit
        // 0x20 makes letters lower case; what it turns into digits, hyphens or slashes are control characters.
        var offset = 0
        while true {
            let word = loadUnaligned(fromByteOffset: start + offset, as: UInt64.self) | 0x2020_2020_2020_2020
            if word != expected.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
            if offset == count - 8 { return true }
            offset = Swift.min(offset + 8, count - 8)
        }
    }

    /// A part of the bytes. Unlike a slice it is as quick to walk through as the whole.
    func bytes(in range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// The range without the spaces and tabs at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower] == Byte.space || self[lower] == Byte.tab { lower += 1 }
        while lower < upper, self[upper - 1] == Byte.space || self[upper - 1] == Byte.tab { upper -= 1 }
        return lower..<upper
    }

    /// Whether a range is free of the control characters that a field value must not hold.
    func isFieldValue(_ range: Range<Int>) -> Bool {
        guard range.count >= 16 else { return !bytes(in: range).contains(where: Byte.isForbiddenControl) }
        let last = range.upperBound - 16
        var position = range.lowerBound
        while position < last {
            if hasForbiddenControl(in16From: position) { return false }
            position += 16
        }
        // May overlap what was looked at already: quicker than going through a rest byte by byte.
        return !hasForbiddenControl(in16From: last)
    }

    @inline(__always)
    private func hasForbiddenControl(in16From start: Int) -> Bool {
        // A hit may also be a tab.
        controlMarks(start) | controlMarks(start + 8) != 0
            && bytes(in: start..<start + 16).contains(where: Byte.isForbiddenControl)
    }

    /// No bit if none of eight bytes is a control character: "has a byte below 0x20" and "has a byte 0x7F" from Sean
    /// Anderson's Bit Twiddling Hacks.
    @inline(__always)
    private func controlMarks(_ start: Int) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let word = loadUnaligned(fromByteOffset: start, as: UInt64.self)
        let deletes = word ^ (ones &* 0x7F)
        return ((word &- ones &* 0x20) & ~word | (deletes &- ones) & ~deletes) & (ones &* 0x80)
    }

    /// The text of a range; bytes that are not UTF-8 are replaced.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes(in: range), as: UTF8.self)
    }
}
