import Glibc

/// The JSON of an answer, of which a load test wants a few strings. Looking for their names costs far less than reading
/// the whole text, and no message of ours holds such a name.
struct AnswerText {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Calls `body` with the text between the quotes, escapes and all, of each string member of this name.
    func forEachString(named name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
        var position = 0
        while let afterName = endOfMember(name, from: position) {
            position = afterName
            guard let value = string(at: afterName) else { continue }
            body(UnsafeRawBufferPointer(rebasing: bytes[value]))
            position = value.upperBound
        }
    }

    /// A batch came to nothing for some of its entries: there is a list of the failed, and it is not empty.
    var tellsOfFailedEntries: Bool {
        guard let afterName = endOfMember("Failed\"", from: 0), let list = firstText(from: afterName),
            bytes[list] == UInt8(ascii: "["), let first = firstText(from: list + 1)
        else { return false }
        return bytes[first] != UInt8(ascii: "]")
    }

    /// Where the value of the next member of this name begins. The name is given with the quote that ends it.
    private func endOfMember(_ name: StaticString, from start: Int) -> Int? {
        guard let baseAddress = bytes.baseAddress else { return nil }
        var position = start
        while position < bytes.count,
            let found = memchr(baseAddress + position, Int32(name.utf8Start.pointee), bytes.count - position)
        {
            let place = UnsafeRawPointer(found) - baseAddress
            let end = place + name.utf8CodeUnitCount
            if place > 0, bytes[place - 1] == UInt8(ascii: "\""), bytes.holds(name, at: place),
                let colon = firstText(from: end), bytes[colon] == UInt8(ascii: ":")
            {
                return colon + 1
            }
            position = place + 1
        }
        return nil
    }

    /// The first place that is not white space.
    private func firstText(from start: Int) -> Int? {
        var position = start
        while position < bytes.count {
            if bytes[position] > UInt8(ascii: " ") { return position }
            position += 1
        }
        return nil
    }

    private func string(at start: Int) -> Range<Int>? {
        guard let quote = firstText(from: start), bytes[quote] == UInt8(ascii: "\"") else { return nil }
        var position = quote + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return quote + 1..<position
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return nil
    }
}
