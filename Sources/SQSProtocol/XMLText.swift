/// What every XML answer needs.
enum XMLText {
    static let declaration = "<?xml version=\"1.0\"?>"
    static let namespace = "http://queue.amazonaws.com/doc/2012-11-05/"

    static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &output) }
    }

    static func append(_ utf8: [UInt8], to output: inout [UInt8]) {
        utf8.withUnsafeBufferPointer { append($0, to: &output) }
    }

    /// Appends the content of a text node. Besides what XML demands, SQS escapes the quote and the carriage return; a
    /// parser would read a bare carriage return as a line feed, and the body's MD5 would no longer match.
    static func append(_ utf8: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        var clean = 0
        for position in utf8.indices {
            guard let escape = escape(for: utf8[position]) else {
                guard isNoncharacter(utf8, endingAt: position) else { continue }
                output.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<position]))
                // U+FFFD, which ends otherwise than they do.
                output.append(0xBD)
                clean = position + 1
                continue
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<position]))
            output.append(contentsOf: escape.utf8)
            clean = position + 1
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean...]))
    }

    /// U+FFFE and U+FFFF, which XML cannot express either.
    private static func isNoncharacter(_ utf8: UnsafeBufferPointer<UInt8>, endingAt end: Int) -> Bool {
        (utf8[end] == 0xBE || utf8[end] == 0xBF) && end >= 2 && utf8[end - 1] == 0xBF && utf8[end - 2] == 0xEF
    }

    private static func escape(for byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case 0x0D: "&#xD;"
        case 0x09, 0x0A: nil
        // XML cannot express the other control characters; they only occur where an error quotes its cause.
        case 0..<0x20: "\u{FFFD}"
        default: nil
        }
    }
}
