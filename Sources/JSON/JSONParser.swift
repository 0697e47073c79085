extension JSONValue {
    /// How deeply arrays and objects may be nested, so that no request exhausts the stack.
    package static let depthLimit = 64
    /// How many values a text may have, itself and those within others: a tree takes far more memory than its text.
    package static let countLimit = 65_536

    /// Reads one JSON text (RFC 8259), strictly: nothing may follow but white space, bytes must be UTF-8, and there is
    /// no byte order mark. The caller bounds the size.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var parser = JSONParser(bytes)
        self = try parser.text()
    }

    /// Reads one JSON text, as `init(parsing:)` for raw bytes does.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        // The closure of withUnsafeBytes cannot throw typed errors, so it returns a Result.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONValue(parsing: bytes) }
        }
        self = try result.get()
    }

    /// Reads one JSON text, as `init(parsing:)` for raw bytes does.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// A recursive-descent parser, one method for each rule of the grammar.
private struct JSONParser {
    private let start: UnsafePointer<UInt8>
    private let count: Int
    private var position = 0
    private var depth = 0
    private var valueCount = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        count = bytes.count
        // An empty buffer may have no address; nothing is read from this one then.
        start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
    }

    mutating func text() throws(JSONError) -> JSONValue {
        let value = try self.value()
        skipWhitespace()
        guard position == count else { throw failure(.trailingCharacters) }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipWhitespace()
        guard position < count else { throw failure(.unexpectedEnd) }
        valueCount += 1
        guard valueCount <= JSONValue.countLimit else { throw failure(.tooManyValues) }
        switch start[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        var members: [JSONMember] = []
        if !skip(UInt8(ascii: "}")) {
            members.reserveCapacity(2)  // as many as the entries of batches and the shortest requests have
            repeat {
                skipWhitespace()
                guard position < count else { throw failure(.unexpectedEnd) }
                guard start[position] == UInt8(ascii: "\"") else { throw failure(.unexpectedCharacter) }
                let key = try self.key()
                try expect(UInt8(ascii: ":"))
                members.append(JSONMember(key: key, value: try value()))
            } while skip(UInt8(ascii: ","))
            try expect(UInt8(ascii: "}"))
        }
        depth -= 1
        return .object(JSONMember.lastOfEachKey(members))
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if !skip(UInt8(ascii: "]")) {
            repeat {
                elements.append(try value())
            } while skip(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"))
        }
        depth -= 1
        return .array(elements)
    }

    /// Passes the opening bracket.
    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONValue.depthLimit else { throw failure(.tooDeep) }
        position += 1
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < count else { throw failure(.unexpectedEnd) }
            guard start[position] == word.utf8Start[index] else { throw failure(.unexpectedCharacter) }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let begin = position
        _ = take(UInt8(ascii: "-"))
        guard position > begin || isDigit() else { throw failure(.unexpectedCharacter) }
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        guard !isDigit() else { throw failure(.invalidNumber) }  // 01
        let bytes = UnsafeBufferPointer(start: start + begin, count: position - begin)
        return .number(JSONNumber(text: String(decoding: bytes, as: UTF8.self)))
    }

    /// At least one digit.
    private mutating func digits() throws(JSONError) {
        guard isDigit() else { throw failure(position < count ? .invalidNumber : .unexpectedEnd) }
        while isDigit() { position += 1 }
    }

    private func isDigit() -> Bool {
        position < count && start[position] &- UInt8(ascii: "0") < 10
    }

    /// The string that begins here. Almost all hold no escape and are one copy.
    private mutating func string() throws(JSONError) -> [UInt8] {
        let (raw, hasEscapes) = try quoted()
        return hasEscapes ? unescaped(raw) : Array(raw)
    }

    /// Like `string()`, but text at once: most names are so short that they need no memory of their own.
    private mutating func key() throws(JSONError) -> String {
        let (raw, hasEscapes) = try quoted()
        return hasEscapes ? String(decoding: unescaped(raw), as: UTF8.self) : String(decoding: raw, as: UTF8.self)
    }

    /// What stands between the quotes of the string that begins here, and whether there are escapes in it.
    private mutating func quoted() throws(JSONError) -> (raw: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) {
        position += 1
        let begin = position
        let hasEscapes = try findClosingQuote()
        defer { position += 1 }
        return (UnsafeBufferPointer(start: start + begin, count: position - begin), hasEscapes)
    }

    /// Moves to the quote that ends the string, checking everything on the way, and tells whether there were escapes.
    private mutating func findClosingQuote() throws(JSONError) -> Bool {
        var hasEscapes = false
        while true {
            position = JSONText.firstSpecial(start, from: position, to: count)
            guard position < count else { throw failure(.unexpectedEnd) }
            switch start[position] {
            case UInt8(ascii: "\""):
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0..<0x20:
                throw failure(.controlCharacter)
            default:
                repeat {
                    position += try sequenceLength()
                } while position < count && start[position] >= 0x80
            }
        }
    }

    private mutating func skipEscape() throws(JSONError) {
        guard position + 1 < count else { throw failure(.unexpectedEnd) }
        switch start[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard position + 6 <= count else { throw failure(.unexpectedEnd) }
            for index in position + 2..<position + 6 where JSONText.hexValue(start[index]) == nil {
                throw failure(.invalidEscape)
            }
            position += 6
        default:
            throw failure(.invalidEscape)
        }
    }

    /// The length of the UTF-8 sequence beyond ASCII that begins here (table 3-7 of the Unicode standard).
    private func sequenceLength() throws(JSONError) -> Int {
        let length = JSONText.utf8SequenceLength(start + position, available: count - position)
        guard length > 0 else { throw failure(.invalidUTF8) }
        return length
    }

    /// What a string with escapes means. `raw` has been checked; no escape is longer than its meaning.
    private func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: raw.count) { output, written in
            written = JSONText.unescape(raw, to: output)
        }
    }

    private mutating func skipWhitespace() {
        while position < count {
            switch start[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < count, start[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipWhitespace()
        return take(byte)
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard skip(byte) else { throw failure(position < count ? .unexpectedCharacter : .unexpectedEnd) }
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason: reason, offset: position)
    }
}
