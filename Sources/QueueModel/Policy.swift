import JSON

/// The access policy of a queue: a JSON document that is checked for its shape and kept. Nothing is enforced by it.
package enum Policy {
    /// The document without needless white space. SQS wants a JSON object with a `Statement` of at most 8192 bytes.
    package static func normalized(_ document: String) throws(QueueError) -> String {
        guard document.utf8.count <= Limits.policyBytesMax,
            let value = try? JSONValue(parsing: Array(document.utf8)), case .object = value
        else { throw .badAttributeValue(QueueAttribute.policy.rawValue) }
        switch value["Statement"] {
        case .array?, .object?: return value.serialized
        default: throw .badAttributeValue(QueueAttribute.policy.rawValue)
        }
    }

    /// Whether two documents say the same, however they are spelled.
    package static func isSame(_ left: String, _ right: String) -> Bool {
        guard let left = try? JSONValue(parsing: Array(left.utf8)),
            let right = try? JSONValue(parsing: Array(right.utf8))
        else { return false }
        return left == right
    }
}

extension JSONValue {
    /// The shortest text of the value, its members in their order.
    var serialized: String {
        var writer = JSONWriter()
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
