import Foundation
import Testing

@testable import JSON

/// The parser against Foundation's, on texts grown and damaged from a seed.
///
/// Deliberate differences, kept out of the comparison: lone surrogates are values here and errors there; nesting is
/// limited to 64 here and 512 there; of repeated keys the last wins here and the first there; Foundation detects UTF-16 and UTF-32 and skips a byte order mark; numbers that no
/// `Double` holds are values here (as text) and errors there.
struct JSONFoundationTests {
    @Test("grown texts mean the same to both", arguments: [1, 2, 3, 4] as [UInt64])
    func grown(seed: UInt64) throws {
        var grower = Grower(seed: seed)
        for _ in 0..<200 {
            let text = grower.text()
            let value = try JSONValue(parsing: text)
            #expect(try matches(value, foundationValue(of: Array(text.utf8))), "\(text)")
        }
    }

    @Test("damaged texts are refused or read by both", arguments: [5, 6, 7, 8] as [UInt64])
    func damaged(seed: UInt64) {
        var grower = Grower(seed: seed)
        for _ in 0..<500 {
            let bytes = grower.damagedText()
            let value = try? JSONValue(parsing: bytes)
            if let value, hasLoneSurrogateOrHugeNumber(value) { continue }
            let other = try? foundationValue(of: bytes)
            #expect(
                value.map { ours in other.map { matches(ours, $0) } ?? false } ?? (other == nil),
                "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private func foundationValue(of bytes: [UInt8]) throws -> Decoded {
        try JSONDecoder().decode(Decoded.self, from: Data(bytes))
    }

    private func matches(_ value: JSONValue, _ other: Decoded) -> Bool {
        switch (value, other) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): Double(left.text) == right
        case (.string(let left), .string(let right)): left == Array(right.utf8)
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { matches($0, $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { member in right[member.key].map { matches(member.value, $0) } ?? false }
        default: false
        }
    }

    private func hasLoneSurrogateOrHugeNumber(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool: false
        case .number(let number): Double(number.text)?.isFinite != true
        case .string(let bytes): !UTF8Text.isValid(bytes)
        case .array(let elements): elements.contains { hasLoneSurrogateOrHugeNumber($0) }
        case .object(let members):
            members.contains { $0.key.contains("\u{FFFD}") || hasLoneSurrogateOrHugeNumber($0.value) }
        }
    }
}

/// Any JSON, as Foundation reads it.
private indirect enum Decoded: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Decoded])
    case object([String: Decoded])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([Decoded].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: Decoded].self))
        }
    }
}

/// Grows JSON texts from a seed.
private struct Grower {
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(state: seed)
    }

    mutating func text() -> String {
        value(depth: 0)
    }

    /// A text with a few bytes changed, lost or added.
    mutating func damagedText() -> [UInt8] {
        var bytes = Array(text().utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.remove(at: position)
            case 1: bytes.insert(Array("{}[],:\"\\u0-.e ".utf8).randomElement(using: &random) ?? 0, at: position)
            // No NUL and no byte order mark: Foundation would take them for another encoding.
            case 2: bytes[position] = UInt8.random(in: 1...0xEE, using: &random)
            default: bytes.removeLast(bytes.count - position)
            }
        }
        return bytes
    }

    private mutating func value(depth: Int) -> String {
        let space = ["", "", "", " ", "\n\t", "\r"].randomElement(using: &random) ?? ""
        return space + bareValue(depth: depth) + space
    }

    private mutating func bareValue(depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
        case 0: ["null", "true", "false"].randomElement(using: &random) ?? ""
        case 1, 2: number()
        case 3, 4, 5: string()
        case 6: "[" + list { grower, _ in grower.value(depth: depth + 1) } + "]"
        default: "{" + list { " \"key \($1)\($0.string().dropFirst()) :" + $0.value(depth: depth + 1) } + "}"
        }
    }

    private mutating func list(_ element: (inout Grower, Int) -> String) -> String {
        (0..<Int.random(in: 0...4, using: &random)).map { element(&self, $0) }.joined(separator: ",")
    }

    private mutating func number() -> String {
        let sign = Bool.random(using: &random) ? "-" : ""
        let fraction = Bool.random(using: &random) ? ".\(Int.random(in: 0...999, using: &random))" : ""
        let exponent = ["", "", "e5", "E+07", "e-3"].randomElement(using: &random) ?? ""
        return sign + String(Int.random(in: 0...99_999, using: &random)) + fraction + exponent
    }

    private mutating func string() -> String {
        let pieces = [
            "", "a", "long enough for a whole word", "é", "€", "😀", "\u{7f}", "/", #"\""#, #"\\"#, #"\/"#, #"\n"#,
            #"\u0041"#, #"\u00e9"#, #"\uD83D\uDE00"#, #"\u0000"#, " ", "{[,:",
        ]
        let count = Int.random(in: 0...5, using: &random)
        return "\"" + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\""
    }
}

private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
