/// Rules on the tags of a queue.
package enum Tags {
    package static func validate(_ tags: [String: String]) throws(QueueError) {
        for (key, value) in tags {
            guard Limits.tagKeyLength.contains(key.unicodeScalars.count) else {
                throw .invalidParameter("Tag keys must be between 1 and 128 characters in length.")
            }
            guard value.unicodeScalars.count <= Limits.tagValueLengthMax else {
                throw .invalidParameter("Tag values must be between 0 and 256 characters in length.")
            }
            guard key.unicodeScalars.allSatisfy(isTagCharacter) else {
                throw .invalidParameter("Tag keys \(characterRule)")
            }
            guard value.unicodeScalars.allSatisfy(isTagCharacter) else {
                throw .invalidParameter("Tag values \(characterRule)")
            }
            // The documentation forbids the prefix; the wording of the refusal is not known.
            guard !key.lowercased().hasPrefix("aws:") else {
                throw .invalidParameter("Tag keys must not begin with 'aws:'.")
            }
        }
    }

    package static func tooMany(queue: String) -> QueueError {
        .invalidParameter("Too many tags added for queue \(queue).")
    }

    private static let characterRule =
        "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + - @"

    private static func isTagCharacter(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "_", ".", ":", "/", "=", "+", "-", "@": true
        default:
            character.properties.isAlphabetic || character.properties.numericType != nil
                || character.properties.isWhitespace
        }
    }
}
