import Crypto
import Platform
import QueueEngine
import QueueModel
import Synchronization
import TestSupport

@testable import QueueStore
@testable import SQSProtocol

/// All actions, without a store: what a request would do is left out, and it is answered as if it had gone well.
/// Requests that put something into the store check that it can be told again in both protocols. For one thread only, as
/// the backend is.
final class Rehearsal: Sendable {
    static let shared = Rehearsal()

    private let finding = Mutex<Finding?>(nil)

    /// Throws what an action has found, once.
    func throwFinding() throws {
        let found = finding.withLock { finding in
            defer { finding = nil }
            return finding
        }
        if let found { throw found }
    }

    fileprivate func note(_ error: any Error) {
        finding.withLock { $0 = $0 ?? error as? Finding ?? Finding(description: "\(error)") }
    }

    let actions: ActionTable

    private init() {
        let backend = Self.backend
        var table = ActionTable(logger: Self.logger)
        func add<A: Action>(_ action: A, _ answer: @escaping @Sendable (A.Request, RequestContext) throws -> A.Response)
        {
            table.add(RehearsedAction(action: action, answer: answer))
        }
        add(AddPermissionAction(backend: backend)) { _, _ in }
        add(CancelMessageMoveTaskAction(backend: backend)) { _, _ in 3 }
        add(ChangeMessageVisibilityAction(backend: backend)) { _, _ in }
        add(ChangeMessageVisibilityBatchAction(backend: backend)) { request, _ in
            let results = request.values.map { _ in Result<Void, QueueError>.success(()) }
            return .merge(request.entries, with: results) { _, _ in }
        }
        add(CreateQueueAction(backend: backend)) { request, context in
            let (name, operation) = request
            if let settings = try? operation.attributes.settingsOfNewQueue(name), canBeStored(settings, of: name) {
                try tell(settings, of: name, context)
            }
            return name
        }
        add(DeleteMessageAction(backend: backend)) { _, _ in }
        add(DeleteMessageBatchAction(backend: backend)) { request, _ in
            let results = request.values.map { _ in Result<Void, QueueError>.failure(.storageFull) }
            return .merge(request.entries, with: results) { _, _ in }
        }
        add(DeleteQueueAction(backend: backend)) { _, _ in }
        add(GetQueueAttributesAction(backend: backend)) { request, _ in
            request.attributes.map { (key: $0.rawValue, value: "a value") }
        }
        add(GetQueueURLAction(backend: backend)) { name, _ in name }
        add(ListDeadLetterSourceQueuesAction(backend: backend)) { request, _ in
            .init(queues: [request.operation.name], nextToken: request.paging.token(after: "7"))
        }
        add(ListMessageMoveTasksAction(backend: backend)) { request, _ in
            let task = MessageMoveTask(
                id: "the-task", destination: request.source, rate: nil, toMoveCount: 3, startedAt: moment)
            return .init(sourceARN: request.source.arn, tasks: [task])
        }
        add(ListQueueTagsAction(backend: backend)) { _, _ in [(key: "key", value: "value")] }
        add(ListQueuesAction(backend: backend)) { request, context in
            let name = context.queueName(request.operation.prefix + "q")
            return .init(queues: [name], nextToken: request.paging.token(after: name.name))
        }
        add(PurgeQueueAction(backend: backend)) { _, _ in }
        add(ReceiveMessageAction(backend: backend, logger: Self.logger)) { request, _ in
            .init(request: request, messages: [])
        }
        add(RemovePermissionAction(backend: backend)) { _, _ in }
        add(SendMessageAction(backend: backend)) { request, context in
            for message in request.operation.messages { try receive(message, from: request.operation.name, context) }
            return .init(digests: try request.digests.mapError(Refusal.init).get(), sent: sent)
        }
        add(SendMessageBatchAction(backend: backend)) { request, context in
            let messages = request.operation.messages
            for message in messages { try receive(message, from: request.operation.name, context) }
            let results = messages.map { _ in Result<SentMessage, QueueError>.success(sent) }
            return .merge(request.batch.entries, with: results) { .init(digests: $0, sent: $1) }
        }
        add(SetQueueAttributesAction(backend: backend)) { request, context in
            if let settings = try? request.attributes.settingsOfNewQueue(request.name),
                canBeStored(settings, of: request.name)
            {
                try tell(settings, of: request.name, context)
            }
        }
        add(StartMessageMoveTaskAction(backend: backend)) { request, _ in
            MessageMoveTaskHandle(taskID: "the-task", sourceARN: request.source.arn)
        }
        add(TagQueueAction(backend: backend)) { request, context in
            let tags = request.tags.map { (key: $0.key, value: $0.value) }
            try expectToTell(tags, in: "Tags", "Key", ListQueueTagsAction(backend: backend), tags, context)
        }
        add(UntagQueueAction(backend: backend)) { _, _ in }
        actions = table
    }

    static let backend: Backend = {
        // Nothing is ever stored in it; the files are gone as soon as the engine has opened them.
        let directory = TemporaryDirectory()
        let report: @Sendable (StoreFailure) -> Void = { preconditionFailure("the store failed: \($0)") }
        return withExtendedLifetime(directory) {
            let options = StoreOptions(path: directory.file("store.db"), durability: .relaxed, inFlightMax: 1)
            guard let engine = try? QueueEngine(store: options, clock: SystemClock(), report: report) else {
                preconditionFailure("no store in \(directory.path)")
            }
            return Backend(engine: engine)
        }
    }()

    private static let logger = Logger(minimumLevel: .error, sink: { _ in })
}

/// An action of which only the reading of the request and the writing of the answer are real.
private struct RehearsedAction<Rehearsed: Action>: Action {
    static var name: ActionName { Rehearsed.name }

    let action: Rehearsed
    let answer: @Sendable (Rehearsed.Request, RequestContext) throws -> Rehearsed.Response

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Rehearsed.Request {
        try action.request(parameters, context)
    }

    func perform(
        _ request: Rehearsed.Request, _ context: RequestContext, _ completion: @escaping Completion<Rehearsed.Response>
    ) {
        do {
            completion(.success(try answer(request, context)))
        } catch let refusal as Refusal {
            completion(.failure(refusal.error))
        } catch {
            Rehearsal.shared.note(error)
            completion(.failure(.storageFailed))
        }
    }

    func write(_ response: Rehearsed.Response, _ context: RequestContext, to result: inout some ResultWriter) {
        action.write(response, context, to: &result)
    }
}

/// A request that is refused where it is performed, as it should be.
private struct Refusal: Error {
    let error: QueueError
}

private let moment = Timestamp(milliseconds: 1_700_000_000_000)
private let sent = SentMessage(id: MessageID(random: Array(0..<16)), sequenceNumber: SequenceNumber(42))

// MARK: What is told again

/// GetQueueAttributes tells the settings.
private func tell(_ settings: QueueSettings, of name: QueueName, _ context: RequestContext) throws {
    let attributes = QueueAttribute.allCases.compactMap { attribute in
        settings.value(of: attribute).map { (key: attribute.rawValue, value: $0) }
    }
    let action = GetQueueAttributesAction(backend: Rehearsal.backend)
    try expectToTell(attributes, in: "Attributes", "Name", action, attributes, context)
}

/// The answer of an action holds a map with these entries.
private func expectToTell<A: Action>(
    _ entries: [(key: String, value: String)], in member: String, _ keyName: String, _ action: A,
    _ response: A.Response, _ context: RequestContext
) throws {
    let json = try jsonAnswer(of: action, response, context)
    let told = json[member] as? [String: String] ?? [:]
    try expect(told == Dictionary(entries, uniquingKeysWith: { $1 }), "\(entries) are told as \(json)")
    let xml = try xmlAnswer(of: action, response, context)
    let elements = xml.all(String(member.dropLast()))
    let pairs = elements.map { ($0.first(keyName)?.text ?? "", $0.first("Value")?.text ?? "") }
    try expect(
        pairs.elementsEqual(entries) { $0.0 == inXML($1.key) && $0.1 == inXML($1.value) },
        "\(entries) are told as \(pairs)")
}

/// ReceiveMessage hands a message out as it was sent.
private func receive(_ message: OutgoingMessage, from queue: QueueName, _ context: RequestContext) throws {
    let action = ReceiveMessageAction(backend: Rehearsal.backend, logger: Logger(sink: { _ in }))
    let request = ReceiveMessageAction.Request(
        queue: queue, limit: 1, visibilityTimeoutSeconds: nil, waitSeconds: nil, attemptID: nil,
        systemAttributes: ["All"], attributes: AttributeFilter(["All"]))
    let handle = ReceiptHandle(
        queue: QueueID(1), backlog: BacklogID(2), message: SequenceNumber(3), group: .none,
        receiveCount: 4, receivedAt: moment)
    let received = ReceivedMessage(
        id: sent.id, handle: handle, body: message.body, bodyMD5: message.bodyMD5, attributes: message.attributes,
        traceHeader: message.traceHeader, sentAt: moment, firstReceivedAt: moment, receiveCount: 1,
        groupID: message.groupID, deduplicationID: message.deduplicationID, sequenceNumber: sent.sequenceNumber,
        deadLetterSourceARN: queue.arn, isOverdue: true)
    let response = ReceiveMessageAction.Response(request: request, messages: [received])
    let attributes = MessageAttributeEncoding.decode(message.attributes ?? []) ?? []

    let json = try jsonAnswer(of: action, response, context)
    let told = try require((json["Messages"] as? [[String: Any]])?.first, "\(json) holds no message")
    try expect((told["Body"] as? String).map { Array($0.utf8) } == message.body, "\(message.body.text) became \(told)")
    let toldAttributes = told["MessageAttributes"] as? [String: [String: String]] ?? [:]
    try expect(toldAttributes.count == attributes.count, "\(attributes) became \(toldAttributes)")
    for attribute in attributes {
        let told = toldAttributes[attribute.name] ?? [:]
        try expect(told["DataType"] == attribute.dataType, "\(attribute) became \(told)")
        let bytes = valueBytes(told["StringValue"], told["BinaryValue"])
        try expect(bytes == attribute.value.bytes, "\(attribute) became \(told)")
    }

    let xml = try xmlAnswer(of: action, response, context)
    try expect(Array((xml.first("Body")?.text ?? "").utf8) == message.body, "\(message.body.text) in XML")
    let elements = xml.all("MessageAttribute")
    try expect(elements.count == attributes.count, "\(attributes) in XML")
    for (attribute, element) in zip(attributes, elements) {
        try expect(element.first("Name")?.text == attribute.name, "\(attribute) in XML")
        try expect(element.first("DataType")?.text == inXML(attribute.dataType), "\(attribute) in XML")
        let bytes = valueBytes(element.first("StringValue")?.text, element.first("BinaryValue")?.text)
        try expect(bytes == attribute.value.bytes, "\(attribute) in XML")
    }
}

private func valueBytes(_ text: String?, _ base64: String?) -> [UInt8]? {
    text.map { Array($0.utf8) } ?? base64.flatMap { Base64.decode(Array($0.utf8)) }
}

/// What becomes of a text in XML, which cannot express every character.
private func inXML(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                switch scalar.value {
                case 0x09, 0x0A, 0x0D: scalar
                case 0..<0x20, 0xFFFE, 0xFFFF: "\u{FFFD}"
                default: scalar
                }
            }))
}

private func jsonAnswer<A: Action>(
    of action: A, _ response: A.Response, _ context: RequestContext
) throws -> [String: Any] {
    var writer = JSONResultWriter()
    action.write(response, context, to: &writer)
    let body = writer.finish()
    return try require(foundationValue(body) as? [String: Any], "no JSON: \(body.text)")
}

private func xmlAnswer<A: Action>(
    of action: A, _ response: A.Response, _ context: RequestContext
) throws -> XMLElement {
    var writer = XMLResultWriter(A.name)
    action.write(response, context, to: &writer)
    let body = writer.finish(requestID: context.requestID)
    return try require(XMLElement.read(body), "no XML: \(body.text)")
}
