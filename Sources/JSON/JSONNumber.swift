/// A JSON number as it was spelled: which numbers fit, and how exactly, is for the reader to say.
package struct JSONNumber: Sendable, Equatable {
    package let text: String

    init(text: String) {
        self.text = text
    }

    /// The value if it is a whole number that fits, however it is spelled: `10`, `10.0` and `1e1` are all ten.
    package var integer: Int? {
        Int(text) ?? wholeNumber
    }

    package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        left.text == right.text || (left.integer != nil && left.integer == right.integer)
    }

    /// The value of a spelling with a fraction or an exponent, computed without rounding.
    private var wholeNumber: Int? {
        let parts = text.split(whereSeparator: { $0 == "e" || $0 == "E" })
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 ? mantissa[1].trimmingZeros : ""
        let digits = String(mantissa[0]) + fraction
        if digits.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "-") }) { return 0 }
        guard let exponent = parts.count > 1 ? Int(parts[1]) : 0 else { return nil }
        return Self.scale(digits, byPowerOfTen: exponent.subtractingReportingOverflow(fraction.utf8.count).partialValue)
    }

    private static func scale(_ digits: String, byPowerOfTen power: Int) -> Int? {
        if power < 0 {
            let kept = digits.utf8.count + (power < -digits.utf8.count ? -digits.utf8.count : power)
            guard digits.utf8.dropFirst(kept).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
            return Int(digits.prefix(kept))
        }
        // No Int has more than 19 digits.
        return power < 20 ? Int(digits + String(repeating: "0", count: power)) : nil
    }
}

extension Substring {
    /// The same without zeros at the end.
    fileprivate var trimmingZeros: String {
        let zeros = reversed().prefix { $0 == "0" }.count
        return String(dropLast(zeros))
    }
}
