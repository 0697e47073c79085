/// Why a text is not JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What was wrong.
    package enum Reason: String, Sendable {
        case unexpectedEnd = "unexpected end"
        case unexpectedCharacter = "unexpected character"
        case invalidNumber = "invalid number"
        case invalidEscape = "invalid escape"
        case controlCharacter = "control character in a string"
        case invalidUTF8 = "invalid UTF-8"
        case tooDeep = "nested too deeply"
        case tooManyValues = "too many values"
        case trailingCharacters = "something after the value"
    }

    package let reason: Reason
    /// Where, in bytes from the beginning.
    package let offset: Int

    package var description: String { "\(reason.rawValue) at byte \(offset)" }
}
