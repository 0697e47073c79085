/// The fields of a request's head, in the order in which they came. Names are compared without regard to case.
///
/// Kept as the received bytes and an index into them: nothing is decoded before somebody asks for it.
package struct HTTPHeaders: Sendable {
    /// Where one field stands in `bytes`.
    struct Field: Sendable {
        var name: Range<Int32>
        var value: Range<Int32>
    }

    private let bytes: [UInt8]
    private let fields: [Field]

    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    /// Headers that did not come over the wire.
    package init(_ pairs: [(name: String, value: String)] = []) {
        var bytes: [UInt8] = []
        var fields: [Field] = []
        func append(_ text: String) -> Range<Int32> {
            let start = Int32(bytes.count)
            bytes += text.utf8
            return start..<Int32(bytes.count)
        }
        for (name, value) in pairs {
            fields.append(Field(name: append(name), value: append(value)))
        }
        self.init(bytes: bytes, fields: fields)
    }

    /// The first value of a field, or nil if there is none of this name.
    package subscript(name: String) -> String? {
        for field in fields where matches(field, name) {
            return text(field.value)
        }
        return nil
    }

    /// The bytes of the first value of a field, or nil if there is none of this name. They are no copy.
    /// - Parameter lowercaseName: the name in lower case.
    package func bytes(of lowercaseName: StaticString) -> ArraySlice<UInt8>? {
        let value = bytes.withUnsafeBytes { bytes -> Range<Int32>? in
            for field in fields where field.name.count == lowercaseName.utf8CodeUnitCount {
                if bytes.holdsIgnoringCase(lowercaseName, in: Self.wide(field.name)) { return field.value }
            }
            return nil
        }
        return value.map { bytes[Self.wide($0)] }
    }

    /// All values of a field, in the order in which they came.
    package func values(of name: String) -> [String] {
        fields.filter { matches($0, name) }.map { text($0.value) }
    }

    /// Every field, names in the case in which they came.
    package var all: [(name: String, value: String)] {
        fields.map { (text($0.name), text($0.value)) }
    }

    private func text(_ range: Range<Int32>) -> String {
        String(decoding: bytes[Self.wide(range)], as: UTF8.self)
    }

    private static func wide(_ range: Range<Int32>) -> Range<Int> {
        Int(range.lowerBound)..<Int(range.upperBound)
    }

    private func matches(_ field: Field, _ name: String) -> Bool {
        let name = name.utf8
        guard field.name.count == name.count else { return false }
        var position = Int(field.name.lowerBound)
        for byte in name {
            if Byte.lowercased(bytes[position]) != Byte.lowercased(byte) { return false }
            position += 1
        }
        return true
    }
}
