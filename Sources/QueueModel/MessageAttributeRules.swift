extension MessageAttribute {
    /// A user attribute as a client sent it, not yet checked.
    package struct Unchecked: Sendable {
        package var dataType: String?
        package var stringValue: [UInt8]?
        package var binaryValue: [UInt8]?
        /// Whether one of the reserved list members is filled.
        package var hasListValues: Bool

        package init(
            dataType: String? = nil, stringValue: [UInt8]? = nil, binaryValue: [UInt8]? = nil,
            hasListValues: Bool = false
        ) {
            self.dataType = dataType
            self.stringValue = stringValue
            self.binaryValue = binaryValue
            self.hasListValues = hasListValues
        }
    }

    /// The attribute of that name, checked as SQS checks it.
    package init(name: String, checking unchecked: Unchecked) throws(QueueError) {
        try Self.checkName(name)
        if unchecked.hasListValues {
            throw .unsupportedOperation(
                message: "Message attribute list values in SendMessage operation are not supported.")
        }
        guard let dataType = unchecked.dataType, !dataType.isEmpty else {
            throw .invalidParameter(
                "The message (user) attribute '\(name)' must contain a non-empty message attribute type.")
        }
        let kind = try Self.kind(of: dataType, name: name)
        self.init(
            name: name, dataType: dataType, value: try Self.value(unchecked, kind: kind, type: dataType, name: name))
    }

    private enum Kind: String {
        case string = "String"
        case number = "Number"
        case binary = "Binary"
    }

    private static func kind(of dataType: String, name: String) throws(QueueError) -> Kind {
        guard dataType.utf8.count <= 256 else {
            throw .invalidParameter("Message (user) attribute type must be shorter than 256 bytes.")
        }
        let prefix = dataType.utf8.prefix { $0 != UInt8(ascii: ".") }
        guard let kind = Kind(rawValue: String(Substring(prefix))) else {
            throw .invalidParameter(
                "The type of message (user) attribute '\(name)' is invalid. You must use only the following "
                    + "supported type prefixes: Binary, Number, String.")
        }
        return kind
    }

    private static func value(
        _ unchecked: Unchecked, kind: Kind, type: String, name: String
    ) throws(QueueError) -> Value {
        switch (unchecked.stringValue, unchecked.binaryValue) {
        case (nil, nil):
            throw .invalidParameter(
                "The message (user) attribute '\(name)' must contain a non-empty message attribute value.")
        case (.some, .some):
            throw .invalidParameter("The message (user) attribute '\(name)' must have a single value.")
        case (let text?, nil):
            guard kind != .binary else { throw wrongField(name, type: type, field: "Binary") }
            try checkText(text, kind: kind, name: name)
            return .text(text)
        case (nil, let bytes?):
            guard kind == .binary else { throw wrongField(name, type: type, field: "String") }
            guard !bytes.isEmpty else { throw emptyValue(name, kind: kind) }
            return .binary(bytes)
        }
    }

    private static func checkText(_ text: [UInt8], kind: Kind, name: String) throws(QueueError) {
        guard !text.isEmpty else { throw emptyValue(name, kind: kind) }
        guard kind == .string || AttributeNumber.isValid(text) else {
            throw .invalidParameter("Can't cast the value of message (user) attribute '\(name)' to a number.")
        }
        guard MessageContent.isValid(text) else {
            // The wording is not known; the code is InvalidParameterValue, not InvalidMessageContents.
            throw .invalidParameter("Invalid characters found in the value of message (user) attribute '\(name)'.")
        }
    }

    private static func emptyValue(_ name: String, kind: Kind) -> QueueError {
        .invalidParameter(
            "Message (user) attribute '\(name)' must contain a non-empty value of type '\(kind.rawValue)'.")
    }

    private static func wrongField(_ name: String, type: String, field: String) -> QueueError {
        .invalidParameter("The message (user) attribute '\(name)' with type '\(type)' must use field '\(field)'.")
    }

    private static func checkName(_ name: String) throws(QueueError) {
        guard !name.isEmpty else {
            throw .invalidParameter("The request must contain non-empty message (user) attribute names.")
        }
        guard name.utf8.count <= 256 else {
            throw .invalidParameter("Message (user) attribute name must be shorter than 256 bytes.")
        }
        let lowercase = name.lowercased()
        guard !lowercase.hasPrefix("aws."), !lowercase.hasPrefix("amazon.") else {
            throw .invalidParameter(
                "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. "
                    + "These strings are reserved for internal use.")
        }
        guard !name.hasPrefix(".") else {
            throw .invalidParameter("Message (user) attribute name must not begin with character '.'.")
        }
        guard !name.hasSuffix(".") else {
            throw .invalidParameter("Message (user) attribute name must not end with character '.'.")
        }
        guard !hasSuccessiveDots(name) else {
            throw .invalidParameter("Message (user) attribute name must not have successive '.' characters.")
        }
        // Documented are the ASCII letters and digits; the service was seen to take letters of other scripts too.
        guard name.unicodeScalars.allSatisfy(isNameCharacter) else {
            throw .invalidParameter("Invalid characters found in the name of message (user) attribute '\(name)'.")
        }
    }

    private static func hasSuccessiveDots(_ name: String) -> Bool {
        zip(name.utf8, name.utf8.dropFirst()).contains { $0 == UInt8(ascii: ".") && $1 == UInt8(ascii: ".") }
    }

    private static func isNameCharacter(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "_", "-", ".": true
        case _ where character.isASCII: UInt8(character.value).isAlphanumeric
        default: character.properties.isAlphabetic || character.properties.numericType != nil
        }
    }
}

/// The numbers a `Number` attribute may hold: up to 38 significant digits, magnitude from 10^-128 to 10^126. The text
/// itself is stored and returned as sent.
enum AttributeNumber {
    static func isValid(_ text: [UInt8]) -> Bool {
        guard let parts = Parts(text) else { return false }
        let digits = parts.digits.drop { $0 == 0 }
        guard let firstDigit = parts.digits.firstIndex(where: { $0 != 0 }) else { return true }
        let significant = digits.reversed().drop { $0 == 0 }.count
        let magnitude = parts.integerDigits - firstDigit - 1 + parts.exponent
        return significant <= 38 && (-128...126).contains(magnitude)
    }

    /// Sign, digits, point and exponent of a decimal number.
    private struct Parts {
        var digits: [UInt8] = []
        var integerDigits = 0
        var exponent = 0

        init?(_ text: [UInt8]) {
            var rest = text[...]
            Self.skipSign(&rest)
            digits = Self.digits(&rest)
            integerDigits = digits.count
            if rest.first == UInt8(ascii: ".") {
                rest.removeFirst()
                digits += Self.digits(&rest)
            }
            guard !digits.isEmpty else { return nil }
            guard let mark = rest.popFirst() else { return }
            guard mark | 0x20 == UInt8(ascii: "e") else { return nil }
            let isNegative = Self.skipSign(&rest)
            let exponentDigits = Self.digits(&rest)
            guard !exponentDigits.isEmpty, rest.isEmpty else { return nil }
            // Far beyond any limit already; more digits would only overflow.
            guard exponentDigits.count <= 6 else { return nil }
            exponent = exponentDigits.reduce(0) { $0 * 10 + Int($1) } * (isNegative ? -1 : 1)
        }

        @discardableResult
        private static func skipSign(_ rest: inout ArraySlice<UInt8>) -> Bool {
            guard let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") else { return false }
            rest.removeFirst()
            return sign == UInt8(ascii: "-")
        }

        private static func digits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
            let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.map { $0 - UInt8(ascii: "0") }
        }
    }
}
