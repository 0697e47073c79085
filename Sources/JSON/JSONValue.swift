/// A JSON text as a tree.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    /// The UTF-8 of the string. An escaped lone surrogate (`\ud800`) is kept in the same three-byte form as any other
    /// code point (WTF-8), so that whoever forbids such characters can say so in its own words.
    case string([UInt8])
    case array([JSONValue])
    /// The members in the order of the text, each key once: of repeated keys the last one wins.
    case object([JSONMember])
}

/// One name and value of a JSON object.
package struct JSONMember: Sendable {
    /// The name. An escaped lone surrogate in it has become U+FFFD.
    package let key: String
    package let value: JSONValue

    package init(key: String, value: JSONValue) {
        self.key = key
        self.value = value
    }

    /// Of members with the same key only the last.
    package static func lastOfEachKey(_ members: [JSONMember]) -> [JSONMember] {
        // Comparing each with each is fastest for the usual few and out of the question for many.
        let repeats =
            members.count <= 16
            ? members.indices.contains { index in members[..<index].contains { isSame($0.key, members[index].key) } }
            : Set(members.lazy.map { Array($0.key.utf8) }).count != members.count
        guard repeats else { return members }
        var seen = Set<[UInt8]>()
        return members.reversed().filter { seen.insert(Array($0.key.utf8)).inserted }.reversed()
    }

    /// Swift's texts are equal if they look alike, as a letter does whose accent is a character of its own.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }
}

extension JSONValue {
    /// The value of a member of an object; `nil` for other members and for anything but an object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        for member in members where member.key == key { return member.value }
        return nil
    }

    /// The bytes of a string.
    package var bytes: [UInt8]? {
        guard case .string(let bytes) = self else { return nil }
        return bytes
    }

    /// A string as text. Lone surrogates become U+FFFD.
    package var text: String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value of a number that is a whole one and fits.
    package var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    package var object: [JSONMember]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// Equal in meaning: the order of an object's members does not matter, nor how a whole number is spelled.
extension JSONValue: Equatable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): sameMembers(left, right)
        default: false
        }
    }

    private static func sameMembers(_ left: [JSONMember], _ right: [JSONMember]) -> Bool {
        guard left.count == right.count else { return false }
        let rightValues = Dictionary(right.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        return left.allSatisfy { rightValues[$0.key] == $0.value }
    }
}
