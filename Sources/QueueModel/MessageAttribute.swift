/// A user attribute of a message: a name, a type with an optional suffix, and a value.
package struct MessageAttribute: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        /// UTF-8 text of a String or Number, as sent.
        case text([UInt8])
        case binary([UInt8])

        package var bytes: [UInt8] {
            switch self {
            case .text(let bytes), .binary(let bytes): bytes
            }
        }
    }

    package let name: String
    /// `String`, `Number` or `Binary`, with the suffix as sent (`Number.int`).
    package let dataType: String
    package let value: Value

    package init(name: String, dataType: String, value: Value) {
        self.name = name
        self.dataType = dataType
        self.value = value
    }

    /// What the attribute adds to the size of its message, in bytes.
    package var size: Int { name.utf8.count + dataType.utf8.count + value.bytes.count }
}

/// The form of an attribute set whose MD5 SQS returns; also how the store keeps it.
///
/// Sorted by name in byte order; for each attribute the length (four bytes, big-endian) and bytes of the name, the
/// same of the type, one byte 1 (text) or 2 (binary), and length and bytes of the value.
package enum MessageAttributeEncoding {
    package static func encode(_ attributes: [MessageAttribute]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(attributes.reduce(0) { $0 + $1.size + 13 })
        for attribute in attributes.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            append(attribute.name.utf8, to: &encoded)
            append(attribute.dataType.utf8, to: &encoded)
            switch attribute.value {
            case .text: encoded.append(1)
            case .binary: encoded.append(2)
            }
            append(attribute.value.bytes, to: &encoded)
        }
        return encoded
    }

    /// The attributes of an encoding that ``encode(_:)`` made; nil if the bytes are damaged.
    package static func decode(_ encoded: [UInt8]) -> [MessageAttribute]? {
        var reader = Reader(rest: encoded[...])
        var attributes: [MessageAttribute] = []
        while !reader.rest.isEmpty {
            guard let name = reader.field(), let dataType = reader.field(), let kind = reader.rest.popFirst(),
                let value = reader.field()
            else { return nil }
            attributes.append(
                MessageAttribute(
                    name: String(decoding: name, as: UTF8.self), dataType: String(decoding: dataType, as: UTF8.self),
                    value: kind == 2 ? .binary([UInt8](value)) : .text([UInt8](value))))
        }
        return attributes
    }

    private static func append(_ field: some Collection<UInt8>, to encoded: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(field.count).bigEndian) { encoded.append(contentsOf: $0) }
        encoded.append(contentsOf: field)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func field() -> ArraySlice<UInt8>? {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { return nil }
            defer { rest = rest.dropFirst(length) }
            return rest.prefix(length)
        }
    }
}
