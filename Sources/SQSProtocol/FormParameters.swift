import JSON

/// The names and values of form-encoded text (application/x-www-form-urlencoded), in order.
struct FormParameters {
    /// More than any request can use: ten batch entries with ten attributes of four parameters each are some 500.
    static let countLimit = 4096

    private(set) var pairs: [(name: String, value: [UInt8])] = []

    /// The last value given for `name`.
    subscript(name: String) -> [UInt8]? {
        pairs.last { $0.name == name }?.value
    }

    /// Adds the pairs of `text`, which win over those already there.
    mutating func append(_ text: [UInt8]) throws(WireError) {
        // What comes after the last one that may be used is not even taken apart.
        for piece in text.split(separator: UInt8(ascii: "&"), maxSplits: Self.countLimit) {
            guard pairs.count < Self.countLimit else {
                throw WireError(.malformedQueryString, "The request contains too many parameters.")
            }
            let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
            let value = PercentEncoding.decode(piece[equals...].dropFirst(), plusIsSpace: true)
            guard UTF8Text.isValid(value) else { throw .serialization("Parameters must be encoded in UTF-8.") }
            let name = PercentEncoding.decode(piece[..<equals], plusIsSpace: true)
            pairs.append((String(decoding: name, as: UTF8.self), value))
        }
    }
}
