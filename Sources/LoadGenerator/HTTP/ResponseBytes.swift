import Glibc

/// Finding one's way in the bytes of a response.
extension UnsafeRawBufferPointer {
    /// The line that begins at `start`: without its end, and where the next begins. Nil if its end has not come.
    func line(from start: Int) -> (content: Range<Int>, end: Int)? {
        guard let baseAddress, start < count,
            let found = memchr(baseAddress + start, Int32(UInt8(ascii: "\n")), count - start)
        else { return nil }
        let end = UnsafeRawPointer(found) - baseAddress
        let hasReturn = end > start && self[end - 1] == UInt8(ascii: "\r")
        return (start..<(hasReturn ? end - 1 : end), end + 1)
    }

    /// Where the trailers of a chunked body end.
    func endOfTrailers(from start: Int) -> Int? {
        var start = start
        while let line = line(from: start) {
            if line.content.isEmpty { return line.end }
            start = line.end
        }
        return nil
    }

    func holds(_ text: StaticString, at start: Int) -> Bool {
        start >= 0 && count - start >= text.utf8CodeUnitCount
            && memcmp(baseAddress! + start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// Whether a range holds this text, given in lower case.
    func holdsIgnoringCase(_ lowercase: StaticString, in range: Range<Int>) -> Bool {
        range.count == lowercase.utf8CodeUnitCount
            && strncasecmp(
                (baseAddress! + range.lowerBound).assumingMemoryBound(to: CChar.self),
                UnsafeRawPointer(lowercase.utf8Start).assumingMemoryBound(to: CChar.self), range.count) == 0
    }

    /// The value of a header line if it has this name, given in lower case and with its colon.
    func value(of name: StaticString, in line: Range<Int>) -> Range<Int>? {
        let length = name.utf8CodeUnitCount
        guard line.count >= length,
            holdsIgnoringCase(name, in: line.lowerBound..<line.lowerBound + length)
        else { return nil }
        var lower = line.lowerBound + length
        var upper = line.upperBound
        while lower < upper, self[lower] == UInt8(ascii: " ") || self[lower] == UInt8(ascii: "\t") { lower += 1 }
        while lower < upper, self[upper - 1] == UInt8(ascii: " ") { upper -= 1 }
        return lower..<upper
    }

    func decimalNumber(in range: Range<Int>) -> Int? {
        var number = 0
        for byte in self[range] {
            // More digits than any length of a body has.
            guard byte &- 0x30 < 10, number < 1_000_000_000_000 else { return nil }
            number = number * 10 + Int(byte &- 0x30)
        }
        return range.isEmpty ? nil : number
    }

    /// The number before a chunk's extensions, if there are any.
    func hexNumber(in line: Range<Int>) -> Int? {
        var number = 0
        var digits = 0
        for byte in self[line] {
            switch byte {
            case 0x30...0x39: number = number << 4 | Int(byte - 0x30)
            case 0x41...0x46: number = number << 4 | Int(byte - 0x41 + 10)
            case 0x61...0x66: number = number << 4 | Int(byte - 0x61 + 10)
            case UInt8(ascii: ";"), UInt8(ascii: " "): return digits > 0 ? number : nil
            default: return nil
            }
            digits += 1
            guard digits <= 10 else { return nil }
        }
        return digits > 0 ? number : nil
    }
}
