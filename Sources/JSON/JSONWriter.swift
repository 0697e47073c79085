/// Writes JSON into a buffer as the caller walks through its values. Commas come by themselves; that brackets are
/// closed and names precede values is the caller's part.
package struct JSONWriter {
    /// What has been written.
    package private(set) var bytes: [UInt8]

    package init(reservingCapacity capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Takes memory for so many bytes more.
    package mutating func reserve(_ byteCount: Int) {
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { bytes.append(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

    /// The name of the member whose value comes next.
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string($0) }
    }

    /// A string from its UTF-8.
    package mutating func string(_ utf8: [UInt8]) {
        utf8.withUnsafeBufferPointer { string($0) }
    }

    /// A string from its UTF-8.
    package mutating func string(_ utf8: UnsafeBufferPointer<UInt8>) {
        separate()
        if let start = utf8.baseAddress, JSONText.firstSpecial(start, from: 0, to: utf8.count) == utf8.count {
            appendQuoted(UnsafeBufferPointer(start: start, count: utf8.count))
        } else {
            bytes.append(UInt8(ascii: "\""))
            appendEscaped(utf8)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// A string in which nothing has to be escaped, as in nearly all: memory is looked for once, not for each quote.
    private mutating func appendQuoted(_ utf8: UnsafeBufferPointer<UInt8>) {
        bytes.append(addingCapacity: utf8.count + 2) { output in
            output.append(UInt8(ascii: "\""))
            output.withUnsafeMutableBufferPointer { memory, count in
                _ = UnsafeMutableBufferPointer(rebasing: memory[count...]).initialize(fromContentsOf: utf8)
                count += utf8.count
            }
            output.append(UInt8(ascii: "\""))
        }
    }

    /// A string of bytes that need no escape, such as base64, written by the caller.
    package mutating func plainString(_ write: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        write(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func integer(_ value: Int) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A number with a fraction, which must be finite.
    package mutating func number(_ value: Double) {
        precondition(value.isFinite, "JSON has no infinity")
        separate()
        bytes.append(contentsOf: "\(value)".utf8)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// A whole tree.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let number):
            separate()
            bytes.append(contentsOf: number.text.utf8)
        case .string(let utf8): string(utf8)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
    }

    /// A comma, unless this is the first thing in the text, in its brackets or after its name. The byte before tells:
    /// every complete value ends in something else.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): return
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    /// Escapes what RFC 8259 demands (quote, backslash, control characters) and copies all between in one piece.
    private mutating func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>) {
        guard let start = utf8.baseAddress else { return }
        var clean = 0
        var position = 0
        while true {
            position = JSONText.firstSpecial(start, from: position, to: utf8.count)
            if position < utf8.count, start[position] >= 0x80 {
                while position < utf8.count, start[position] >= 0x80 { position += 1 }
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(start: start + clean, count: position - clean))
            guard position < utf8.count else { return }
            appendEscape(start[position])
            position += 1
            clean = position
        }
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0..<0x20:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 15
            bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default: bytes.append(byte)
        }
    }
}
