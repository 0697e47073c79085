import Crypto

/// Writes the members of an action's result, under the names they have in JSON, straight into the body of the answer.
///
/// Actions are generic over it and so never know which protocol the client speaks. Members appear in the order in
/// which they are written. Empty lists and maps are left out, as SQS does.
package protocol ResultWriter {
    /// Takes memory for so many bytes more, so that a long result does not grow again and again.
    mutating func reserve(_ byteCount: Int)
    mutating func string(_ name: String, _ value: String)
    /// A string from its UTF-8.
    mutating func string(_ name: String, _ utf8: [UInt8])
    /// A string that no protocol has to escape, such as digits and hyphens. `append` appends its UTF-8 to the body: no
    /// text is made that would only be copied.
    mutating func plainString(_ name: String, _ append: (inout [UInt8]) -> Void)
    /// Bytes, in base64.
    mutating func blob(_ name: String, _ value: [UInt8])
    mutating func integer(_ name: String, _ value: Int)
    mutating func boolean(_ name: String, _ value: Bool)
    mutating func stringList(_ name: String, _ values: some Collection<String>)
    mutating func stringMap(_ name: String, _ entries: some Collection<(key: String, value: String)>)
    /// A list of structures; `write` writes the members of one.
    mutating func list<Element>(
        _ name: String, _ elements: some Collection<Element>, _ write: (inout Self, Element) -> Void)
    /// A map from strings to structures; `write` writes the members of one.
    mutating func map<Value>(
        _ name: String, _ entries: some Collection<(key: String, value: Value)>, _ write: (inout Self, Value) -> Void)
}

extension ResultWriter {
    /// A digest, in hexadecimal digits.
    mutating func hex(_ name: String, _ bytes: [UInt8]) {
        plainString(name) { Hex.append(bytes, to: &$0) }
    }

    /// Writes nothing if there is no value.
    mutating func hex(_ name: String, ifPresent bytes: [UInt8]?) {
        if let bytes { hex(name, bytes) }
    }

    /// Writes nothing if there is no value.
    package mutating func string(_ name: String, ifPresent value: String?) {
        if let value { string(name, value) }
    }

    /// Writes nothing if there is no value.
    package mutating func integer(_ name: String, ifPresent value: Int?) {
        if let value { integer(name, value) }
    }
}
