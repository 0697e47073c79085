import Crypto
import JSON

/// The members of a request, or of a structure within it, as an action reads them. The readers check types; what
/// values are legal is the action's part. A member that is `null` is absent.
package struct RequestParameters: Sendable {
    private let members: [JSONMember]
    private let wireProtocol: WireProtocol
    private let place: Place

    init(_ members: [JSONMember], in wireProtocol: WireProtocol) {
        self.init(members, in: wireProtocol, at: .request)
    }

    private init(_ members: [JSONMember], in wireProtocol: WireProtocol, at place: Place) {
        self.members = members
        self.wireProtocol = wireProtocol
        self.place = place
    }

    /// Where the members stand. Only errors make text of it.
    private indirect enum Place: Sendable {
        case request
        case element(Int, of: String, in: Place)
        case entry(String, of: String, in: Place)

        /// What stands before a member's name in errors: `SendMessageBatchRequestEntry.1.`
        var prefix: String {
            switch self {
            case .request: ""
            case .element(let position, let list, let place): "\(place.prefix)\(list).\(position)."
            case .entry(let key, let map, let place): "\(place.prefix)\(map).\(key)."
            }
        }
    }

    private var prefix: String { place.prefix }

    /// The UTF-8 of a string. Escaped lone surrogates are in it as three bytes each.
    package func bytes(_ name: String) throws(WireError) -> [UInt8]? {
        guard let value = self[name] else { return nil }
        return try string(value)
    }

    /// A string that must not be absent or empty, as UTF-8.
    package func requiredBytes(_ name: String) throws(WireError) -> [UInt8] {
        guard let bytes = try bytes(name), !bytes.isEmpty else { throw .missingParameter(prefix + name) }
        return bytes
    }

    /// A string.
    package func string(_ name: String) throws(WireError) -> String? {
        guard let bytes = try bytes(name) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A string that must not be absent or empty.
    package func requiredString(_ name: String) throws(WireError) -> String {
        String(decoding: try requiredBytes(name), as: UTF8.self)
    }

    /// Whole numbers are numbers in JSON and text in the Query protocol, where an empty one is absent.
    package func integer(_ name: String) throws(WireError) -> Int? {
        guard let value = self[name] else { return nil }
        switch wireProtocol {
        case .json:
            guard let integer = value.integer else { throw Self.mismatch(value, expected: "an Integer") }
            return integer
        case .query:
            let text = String(decoding: try string(value), as: UTF8.self)
            if text.isEmpty { return nil }
            guard let integer = Int(text) else {
                throw .invalidParameterValue(text, for: prefix + name, reason: "Must be an integer.")
            }
            return integer
        }
    }

    /// A whole number that must not be absent.
    package func requiredInteger(_ name: String) throws(WireError) -> Int {
        guard let integer = try integer(name) else { throw .missingParameter(prefix + name) }
        return integer
    }

    /// Bytes, sent as base64.
    package func blob(_ name: String) throws(WireError) -> [UInt8]? {
        guard let text = try bytes(name) else { return nil }
        guard let blob = Base64.decode(text) else {
            throw .serialization("\(prefix)\(name) is not valid base64.")
        }
        return blob
    }

    /// A list of strings, empty if absent.
    package func stringList(_ name: String) throws(WireError) -> [String] {
        try list(name, { value throws(WireError) in String(decoding: try string(value), as: UTF8.self) }) ?? []
    }

    /// A map from strings to strings, empty if absent.
    package func stringMap(_ name: String) throws(WireError) -> [(key: String, value: String)] {
        try map(name) { _, value throws(WireError) in String(decoding: try string(value), as: UTF8.self) }
    }

    /// A list of structures; `nil` if it is absent, which cannot be told from empty in the Query protocol. Errors within the first element name its members
    /// `{entryName}.1.{member}`.
    package func structureList(
        _ name: String, entryName: String
    ) throws(WireError) -> [RequestParameters]? {
        var position = 0
        return try list(name) { value throws(WireError) in
            position += 1
            return try structure(value, at: .element(position, of: entryName, in: place))
        }
    }

    /// A map from strings to structures, empty if absent.
    package func structureMap(_ name: String) throws(WireError) -> [(key: String, value: RequestParameters)] {
        try map(name) { key, value throws(WireError) in try structure(value, at: .entry(key, of: name, in: place)) }
    }

    private subscript(name: String) -> JSONValue? {
        // By index, since an element taken out of the array is retained; and of most keys the length tells enough.
        for index in members.indices
        where members[index].key.utf8.count == name.utf8.count && members[index].key == name {
            return members[index].value.isNull ? nil : members[index].value
        }
        return nil
    }

    private func string(_ value: JSONValue) throws(WireError) -> [UInt8] {
        guard let bytes = value.bytes else { throw Self.mismatch(value, expected: "a String") }
        return bytes
    }

    private func structure(_ value: JSONValue, at place: Place) throws(WireError) -> RequestParameters {
        guard let members = value.object else { throw Self.mismatch(value, expected: "a Structure") }
        return RequestParameters(members, in: wireProtocol, at: place)
    }

    private func list<Element>(
        _ name: String, _ read: (JSONValue) throws(WireError) -> Element
    ) throws(WireError) -> [Element]? {
        guard let value = self[name] else { return wireProtocol == .query ? [] : nil }
        guard let elements = value.array else { throw Self.mismatch(value, expected: "a List") }
        var list: [Element] = []
        list.reserveCapacity(elements.count)
        for element in elements where !element.isNull { list.append(try read(element)) }
        return list
    }

    private func map<Value>(
        _ name: String, _ read: (String, JSONValue) throws(WireError) -> Value
    ) throws(WireError) -> [(key: String, value: Value)] {
        guard let value = self[name] else { return [] }
        guard let members = value.object else { throw Self.mismatch(value, expected: "a Map") }
        var map: [(key: String, value: Value)] = []
        for member in members where !member.value.isNull {
            map.append((member.key, try read(member.key, member.value)))
        }
        return map
    }

    /// The words of the SQS reference, 1.6, for a value of another type than expected.
    static func mismatch(_ value: JSONValue, expected: String) -> WireError {
        let found: String
        switch value {
        case .object: return .serialization("Start of structure or map found where not expected.")
        case .array: return .serialization("Start of list found where not expected")
        case .string: found = "STRING_VALUE"
        case .number: found = "NUMBER_VALUE"
        case .bool(true): found = "TRUE_VALUE"
        case .bool(false): found = "FALSE_VALUE"
        case .null: found = "NULL_VALUE"
        }
        return .serialization("\(found) can not be converted to \(expected)")
    }
}
