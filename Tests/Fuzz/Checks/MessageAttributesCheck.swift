import JSON
import QueueModel

@testable import SQSProtocol

/// The input is the member `MessageAttributes` of a request. Either it is refused with an error of SQS, or the
/// attributes are within their limits and come back from their stored form as they were. The input is also tried as
/// such a form, which a damaged file may hold in any shape.
@Sendable func checkMessageAttributes(_ input: [UInt8]) throws {
    if let decoded = MessageAttributeEncoding.decode(input) {
        let sorted = decoded.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let again = MessageAttributeEncoding.decode(MessageAttributeEncoding.encode(decoded))
        try expect(again?.count == sorted.count, "\(decoded) is stored as \(again ?? [])")
    }
    guard let value = try? JSONValue(parsing: input) else { return }
    let parameters = RequestParameters(
        [
            JSONMember(key: "MessageBody", value: .string(Array("body".utf8))),
            JSONMember(key: "MessageAttributes", value: value),
        ], in: .json)
    let message: OutgoingMessage
    do {
        message = try MessageParameters(parameters, traceID: nil).message
    } catch {
        try expect(error is QueueError || error is WireError, "refused with \(error)")
        return
    }
    let encoded = message.attributes ?? []
    let attributes = try require(MessageAttributeEncoding.decode(encoded), "stored in a form that is damaged")
    try expect(MessageAttributeEncoding.encode(attributes) == encoded, "\(attributes) are stored in two forms")
    try expect(attributes.count <= 10, "\(attributes.count) attributes are taken")
    try expect(
        message.size == attributes.reduce(4) { $0 + $1.size }, "\(attributes) count \(message.size) bytes")
    for attribute in attributes {
        let given = try require(value[attribute.name], "\(attribute.name) was not given")
        try check(attribute, given)
    }
}

private func check(_ attribute: MessageAttribute, _ given: JSONValue) throws {
    try expect((1...256).contains(attribute.name.utf8.count), "the name \(attribute.name) is taken")
    try expect(given["DataType"]?.text == attribute.dataType, "\(given) has become \(attribute)")
    let type = attribute.dataType.prefix { $0 != "." }
    switch attribute.value {
    case .text(let text):
        try expect(type == "String" || type == "Number", "\(attribute) is text")
        try expect(given["StringValue"]?.bytes == text && !text.isEmpty, "\(given) has become \(attribute)")
        try expect(UTF8Text.isValid(text) && MessageContent.isValid(text), "\(attribute) is taken")
        if type == "Number" { try expect(Double(text.text)?.isFinite == true, "\(attribute) is taken for a number") }
    case .binary(let bytes):
        try expect(type == "Binary" && !bytes.isEmpty, "\(attribute) is binary")
    }
}
