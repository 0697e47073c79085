import Foundation
import JSON

/// Our reader takes and refuses what Foundation's does, and finds the same values. What is written from them reads the
/// same again, here and there.
@Sendable func checkJSON(_ input: [UInt8]) throws {
    let value: JSONValue
    do {
        value = try JSONValue(parsing: input)
    } catch {
        try expect((0...input.count).contains(error.offset), "\(error) lies outside of the text")
        if error.reason != .tooDeep, !looksLikeAnotherEncoding(input), !isAfterComma(error, input) {
            try expect(foundationValue(input) == nil, "refused (\(error)), but Foundation takes it")
        }
        return
    }
    try checkIntegers(value)
    guard isPlain(value) else { return }
    var writer = JSONWriter()
    writer.value(value)
    let written = writer.bytes
    let again = try require(try? JSONValue(parsing: written), "written as \(written.text), which is no JSON")
    try expect(again == value, "written as \(written.text), which says something else")
    let writtenOther = try require(foundationValue(written), "written as \(written.text): Foundation refuses it")
    try expect(says(value, writtenOther), "written as \(written.text), by Foundation \(writtenOther)")
    // Of repeated keys Foundation keeps another one than we do.
    guard !looksLikeAnotherEncoding(input), hasDistinctKeys(value, input) else { return }
    let other = try require(foundationValue(input), "taken, but Foundation refuses it")
    try expect(says(value, other), "\(value), by Foundation \(other)")
}

/// Foundation takes a comma at the end of a list.
private func isAfterComma(_ error: JSONError, _ text: [UInt8]) -> Bool {
    let before = text.prefix(error.offset).last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return before == UInt8(ascii: ",") && text[error.offset...].first.map { $0 == 0x5D || $0 == 0x7D } ?? false
}

/// What Foundation reads; nil if it refuses.
func foundationValue(_ bytes: [UInt8]) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
}

/// Foundation guesses UTF-16 and UTF-32 from zero bytes, and passes over a byte order mark.
private func looksLikeAnotherEncoding(_ bytes: [UInt8]) -> Bool {
    bytes.prefix(4).contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) || bytes.starts(with: [0xFE, 0xFF])
        || bytes.starts(with: [0xFF, 0xFE])
}

/// Foundation refuses lone surrogates and numbers beyond Double, and drops a byte order mark that begins a string or follows
/// an escape in it.
func isPlain(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool: true
    case .number(let number): Double(number.text)?.isFinite == true
    case .string(let bytes): UTF8Text.isValid(bytes) && !hasByteOrderMark(String(decoding: bytes, as: UTF8.self))
    case .array(let elements): elements.allSatisfy(isPlain)
    case .object(let members):
        members.allSatisfy { member in
            !member.key.unicodeScalars.contains("\u{FFFD}") && !hasByteOrderMark(member.key) && isPlain(member.value)
        }
    }
}

private func hasByteOrderMark(_ text: String) -> Bool { text.unicodeScalars.contains("\u{FEFF}") }

/// Whether no object of the text repeats a key: each keeps a member for each of its colons.
private func hasDistinctKeys(_ value: JSONValue, _ text: [UInt8]) -> Bool {
    var colons = 0
    var isInString = false
    var isEscaped = false
    for byte in text {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString.toggle()
        } else if byte == UInt8(ascii: ":"), !isInString {
            colons += 1
        }
    }
    return colons == memberCount(value)
}

private func memberCount(_ value: JSONValue) -> Int {
    switch value {
    case .array(let elements): elements.reduce(0) { $0 + memberCount($1) }
    case .object(let members): members.reduce(members.count) { $0 + memberCount($1.value) }
    default: 0
    }
}

/// Whether ours and Foundation's say the same.
private func says(_ value: JSONValue, _ other: Any) -> Bool {
    switch (value, other) {
    case (.null, is NSNull): true
    case (.bool(let flag), let number as NSNumber): isBool(number) && number.boolValue == flag
    case (.number(let ours), let number as NSNumber): !isBool(number) && isSame(ours, number)
    case (.string(let bytes), let text as String): bytes == Array(text.utf8)
    case (.array(let elements), let others as [Any]):
        elements.count == others.count && zip(elements, others).allSatisfy(says)
    case (.object(let members), let others as [String: Any]):
        members.count == others.count
            && members.allSatisfy { member in others[member.key].map { says(member.value, $0) } ?? false }
    default: false
    }
}

private func isBool(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

private func isSame(_ ours: JSONNumber, _ number: NSNumber) -> Bool {
    guard let value = Double(ours.text) else { return false }
    // Foundation goes through Decimal for some spellings, which rounds elsewhere.
    return abs(value - number.doubleValue) <= abs(value) * 1e-14
}

/// A number is an integer exactly if its value is a whole one that fits, in whatever spelling.
private func checkIntegers(_ value: JSONValue) throws {
    switch value {
    case .null, .bool, .string: return
    case .array(let elements): for element in elements { try checkIntegers(element) }
    case .object(let members): for member in members { try checkIntegers(member.value) }
    case .number(let number):
        guard let approximate = Double(number.text) else { return }
        if let integer = number.integer {
            try expect(
                Double(integer) == approximate, "\(number.text) became \(integer)")
        } else if approximate != 0, approximate.magnitude < 1e15 {
            // So small a double has no rounding that could hide a fraction from a text as short as this.
            let isShort = number.text.utf8.count <= 15
            try expect(
                !isShort || approximate.rounded() != approximate, "\(number.text) is not taken for a whole number")
        }
    }
}
