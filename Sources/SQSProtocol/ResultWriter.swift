/// Writes the members of an action's result, under the names they have in JSON, straight into the body of the answer.
///
/// Actions are generic over it and so never know which protocol the client speaks. Members appear in the order in
/// which they are written. Empty lists and maps are left out, as SQS does.
package protocol ResultWriter {
    mutating func string(_ name: String, _ value: String)
    /// A string from its UTF-8.
    mutating func string(_ name: String, _ utf8: [UInt8])
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
    /// Writes nothing if there is no value.
    package mutating func string(_ name: String, ifPresent value: String?) {
        if let value { string(name, value) }
    }

    /// Writes nothing if there is no value.
    package mutating func integer(_ name: String, ifPresent value: Int?) {
        if let value { integer(name, value) }
    }
}
