import Crypto
import QueueModel

/// A message as SendMessage and the entries of SendMessageBatch describe it, with the digests their answers carry.
struct MessageParameters: Sendable {
    let message: OutgoingMessage
    let digests: MessageDigests

    /// Reads and checks all that does not depend on the queue. `traceID` is the trace header of the HTTP request, which
    /// stands in for a system attribute that is not given.
    init(_ parameters: RequestParameters, traceID: String?) throws {
        let body = try parameters.requiredBytes("MessageBody")
        let delay = try parameters.integer("DelaySeconds")
        if let delay, !Limits.delaySeconds.contains(delay) {
            throw QueueError.invalidValue(
                delay, of: "DelaySeconds", reason: "DelaySeconds must be >= 0 and <= 900.")
        }
        let group = try Self.identifier("MessageGroupId", parameters)
        let deduplication = try Self.identifier("MessageDeduplicationId", parameters)
        guard MessageContent.isValid(body) else { throw QueueError.invalidMessageContents }
        let attributes = try Self.attributes(parameters)
        let encoded = attributes.isEmpty ? nil : MessageAttributeEncoding.encode(attributes)
        let system = try Self.traceHeader(parameters)
        let digest = MD5.digest(of: body)
        message = OutgoingMessage(
            body: body, bodyMD5: digest, attributes: encoded,
            size: attributes.reduce(body.count) { $0 + $1.size },
            traceHeader: system.map { String(decoding: $0.value.bytes, as: UTF8.self) } ?? Self.usable(traceID),
            delaySeconds: delay, groupID: group, deduplicationID: deduplication)
        digests = MessageDigests(
            body: digest, attributes: encoded.map { MD5.digest(of: $0) },
            systemAttributes: system.map { MD5.digest(of: MessageAttributeEncoding.encode([$0])) })
    }

    /// What an entry adds to the size of its batch, whether or not it is well-formed.
    static func size(of parameters: RequestParameters) throws -> Int {
        var size = try parameters.bytes("MessageBody")?.count ?? 0
        for (name, value) in try parameters.structureMap("MessageAttributes") {
            let bytes = try value.bytes("StringValue")?.count ?? value.blob("BinaryValue")?.count ?? 0
            size += name.utf8.count + (try value.bytes("DataType")?.count ?? 0) + bytes
        }
        return size
    }

    private static func identifier(_ name: String, _ parameters: RequestParameters) throws -> String? {
        guard let id = try parameters.string(name) else { return nil }
        try MessageIdentifiers.validate(id, of: name)
        return id
    }

    private static func attributes(_ parameters: RequestParameters) throws -> [MessageAttribute] {
        let given = try parameters.structureMap("MessageAttributes")
        guard given.count <= Limits.messageAttributesMax else {
            throw QueueError.invalidParameter(
                "Number of message attributes [\(given.count)] exceeds the allowed maximum "
                    + "[\(Limits.messageAttributesMax)].")
        }
        return try given.map { try MessageAttribute(name: $0.key, checking: try unchecked($0.value)) }
    }

    /// A header that is no trace header says nothing about the message.
    private static func usable(_ traceID: String?) -> String? {
        traceID.flatMap { (1...Limits.traceHeaderBytesMax).contains($0.utf8.count) ? $0 : nil }
    }

    /// The one system attribute a send may carry.
    private static func traceHeader(_ parameters: RequestParameters) throws -> MessageAttribute? {
        var header: MessageAttribute?
        for (name, value) in try parameters.structureMap("MessageSystemAttributes") {
            guard name == "AWSTraceHeader" else {
                throw QueueError.invalidParameter("Message system attribute name '\(name)' is invalid.")
            }
            // The rules of user attributes hold, but for the reserved prefix.
            let attribute = try MessageAttribute(name: "AWSTraceHeader", checking: try unchecked(value))
            guard attribute.dataType == "String" else {
                throw QueueError.invalidParameter("Message system attribute 'AWSTraceHeader' must be of type 'String'.")
            }
            guard attribute.value.bytes.count <= Limits.traceHeaderBytesMax else {
                throw QueueError.invalidParameter(
                    "Message system attribute 'AWSTraceHeader' must be shorter than \(Limits.traceHeaderBytesMax + 1) bytes."
                )
            }
            header = attribute
        }
        return header
    }

    private static func unchecked(_ value: RequestParameters) throws -> MessageAttribute.Unchecked {
        MessageAttribute.Unchecked(
            dataType: try value.string("DataType"), stringValue: try value.bytes("StringValue"),
            binaryValue: try value.blob("BinaryValue"),
            hasListValues: try !value.stringList("StringListValues").isEmpty
                || !value.stringList("BinaryListValues").isEmpty)
    }
}

/// The MD5s that the answer to a send carries: all that is kept of a message once the store has it.
struct MessageDigests: Sendable {
    let body: [UInt8]
    let attributes: [UInt8]?
    let systemAttributes: [UInt8]?

    /// Writes what a send answers, in the order of XML.
    func write(_ sent: SentMessage, to result: inout some ResultWriter) {
        result.hex("MD5OfMessageBody", body)
        result.hex("MD5OfMessageAttributes", ifPresent: attributes)
        result.hex("MD5OfMessageSystemAttributes", ifPresent: systemAttributes)
        result.plainString("MessageId") { sent.id.append(to: &$0) }
        result.string("SequenceNumber", ifPresent: sent.sequenceNumber?.text)
    }
}
