import Crypto
import Platform
import QueueModel

/// Hands out messages of a queue, waiting for them if asked to.
struct ReceiveMessageAction: Action {
    static let name = ActionName.receiveMessage
    let backend: Backend
    let logger: Logger

    struct Request: Sendable {
        let queue: QueueName
        let limit: Int
        let visibilityTimeoutSeconds: Int?
        let waitSeconds: Int?
        let attemptID: String?
        let systemAttributes: Set<String>
        let attributes: AttributeFilter
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let attempt = try parameters.string("ReceiveRequestAttemptId")
        if let attempt { try MessageIdentifiers.validate(attempt, of: "ReceiveRequestAttemptId") }
        return Request(
            queue: try context.queueName(parameters),
            limit: try parameters.integer(
                "MaxNumberOfMessages", in: Limits.receivedMessages, "Must be between 1 and 10, if provided.") ?? 1,
            visibilityTimeoutSeconds: try parameters.integer(
                "VisibilityTimeout", in: Limits.visibilityTimeoutSeconds, "Must be >= 0 and <= 43200, if provided."),
            waitSeconds: try parameters.integer(
                "WaitTimeSeconds", in: Limits.receiveWaitSeconds, "Must be >= 0 and <= 20, if provided."),
            attemptID: attempt,
            // Names that SQS does not know match nothing.
            systemAttributes: Set(
                try parameters.stringList("AttributeNames") + parameters.stringList("MessageSystemAttributeNames")),
            attributes: AttributeFilter(try parameters.stringList("MessageAttributeNames")))
    }

    struct Response: Sendable {
        let request: Request
        let messages: [ReceivedMessage]
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        let engine = backend.engine
        let receiver = engine.receive(
            from: request.queue, limit: request.limit, visibilityTimeoutSeconds: request.visibilityTimeoutSeconds,
            attemptID: request.attemptID, waitSeconds: request.waitSeconds
        ) { result in
            completion(result.map { Response(request: request, messages: $0) })
        }
        context.keep(receiver.receivedBytes)
        context.onAbandon { engine.abandon(receiver) }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        let damaged = Set(response.messages.lazy.filter { !isIntact($0, response.request, context) }.map(\.id))
        let messages =
            damaged.isEmpty ? response.messages : response.messages.filter { !damaged.contains($0.id) }
        if let overdue = messages.first(where: \.isOverdue) {
            logger.warning(
                "a message is received more often than its queue allows: there is no dead-letter queue that it could go to; "
                    + "create the one of the RedrivePolicy, or change that",
                ["queue": response.request.queue.arn, "message": overdue.id.text, "request": context.requestID])
        }
        // What stands around a body, if the client asks for nothing more, takes some 250 bytes.
        result.reserve(messages.reduce(0) { $0 + $1.body.count + 256 })
        result.list("Messages", messages) { writer, message in
            write(message, response.request, to: &writer)
        }
    }

    /// A message that the disk has changed is not handed out. It stays where it is, received once more: it comes to the
    /// dead-letter queue like others that nobody can process.
    private func isIntact(_ message: ReceivedMessage, _ request: Request, _ context: RequestContext) -> Bool {
        let damage: String
        if MD5.digest(of: message.body) != message.bodyMD5 {
            damage = "its body does not have the MD5 it was stored with"
        } else if let attributes = message.attributes, MessageAttributeEncoding.decode(attributes) == nil {
            damage = "its attributes cannot be read"
        } else {
            return true
        }
        logger.error(
            "a message is damaged and is not handed out: \(damage); look at the disk and run holdfast check",
            ["queue": request.queue.arn, "message": message.id.text, "request": context.requestID])
        return false
    }

    private func write(_ message: ReceivedMessage, _ request: Request, to result: inout some ResultWriter) {
        result.plainString("MessageId") { message.id.append(to: &$0) }
        result.plainString("ReceiptHandle") { backend.seal(message.handle, to: &$0) }
        result.hex("MD5OfBody", message.bodyMD5)
        result.string("Body", message.body)
        result.stringMap("Attributes", systemAttributes(of: message, request))
        let attributes = request.attributes.select(message.attributes)
        guard !attributes.isEmpty else { return }
        result.hex("MD5OfMessageAttributes", MD5.digest(of: MessageAttributeEncoding.encode(attributes)))
        result.map("MessageAttributes", attributes.map { (key: $0.name, value: $0) }) { writer, attribute in
            switch attribute.value {
            case .text(let text): writer.string("StringValue", text)
            case .binary(let bytes): writer.blob("BinaryValue", bytes)
            }
            writer.string("DataType", attribute.dataType)
        }
    }

    private func systemAttributes(
        of message: ReceivedMessage, _ request: Request
    ) -> [(key: String, value: String)] {
        guard !request.systemAttributes.isEmpty else { return [] }
        let all: [(key: String, value: String?)] = [
            // There are no users to tell apart, so the sender is the account that owns the queue.
            ("SenderId", request.queue.account),
            ("SentTimestamp", String(message.sentAt.milliseconds)),
            ("ApproximateReceiveCount", String(message.receiveCount)),
            ("ApproximateFirstReceiveTimestamp", String(message.firstReceivedAt.milliseconds)),
            ("SequenceNumber", message.sequenceNumber?.text),
            ("MessageDeduplicationId", message.deduplicationID),
            ("MessageGroupId", message.groupID),
            ("AWSTraceHeader", message.traceHeader),
            ("DeadLetterQueueSourceArn", message.deadLetterSourceARN),
        ]
        let wantsAll = request.systemAttributes.contains("All")
        return all.compactMap { key, value in
            guard let value, wantsAll || request.systemAttributes.contains(key) else { return nil }
            return (key, value)
        }
    }
}

/// Which user attributes a receive returns: `All`, `.*` and `*` mean every one, `{prefix}.*` those whose names begin
/// with the text before the dot, anything else is a name. What fits nothing is no error.
struct AttributeFilter: Sendable {
    private let wantsAll: Bool
    private let prefixes: [String]
    private let names: Set<String>

    init(_ entries: [String]) {
        wantsAll = entries.contains { $0 == "All" || $0 == ".*" || $0 == "*" }
        prefixes = entries.filter { $0.hasSuffix(".*") }.map { String($0.dropLast(2)) }
        names = Set(entries)
    }

    /// The wanted ones of an encoded set, sorted by name.
    func select(_ encoded: [UInt8]?) -> [MessageAttribute] {
        guard let encoded, wantsAll || !names.isEmpty else { return [] }
        let attributes = MessageAttributeEncoding.decode(encoded) ?? []
        return wantsAll
            ? attributes
            : attributes.filter { attribute in
                names.contains(attribute.name) || prefixes.contains { attribute.name.utf8.starts(with: $0.utf8) }
            }
    }
}
