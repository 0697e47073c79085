import QueueModel
import QueueStore

/// Puts up to ten messages into a queue; each succeeds or fails alone.
struct SendMessageBatchAction: Action {
    static let name = ActionName.sendMessageBatch
    let backend: Backend

    private static let entryType = "SendMessageBatchRequestEntry"

    struct Request: Sendable {
        let batch: BatchRequest<OutgoingMessage, MessageDigests>
        let operation: SendMessages
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries(Self.entryType)
        let size = try entries.reduce(0) { $0 + (try MessageParameters.size(of: $1.parameters)) }
        guard size <= Limits.batchBytesMax else { throw QueueError.batchTooLong(bytes: size) }
        let batch = try BatchRequest(queue, entries) { entry in
            let message = try MessageParameters(entry, traceID: context.traceID)
            return (message.message, message.digests)
        }
        // On a FIFO queue an entry without its identifiers fails the whole request, also if it is refused for another reason.
        var lacking = SendMessages.Lacking()
        for (entry, (_, parameters)) in zip(batch.entries, entries) {
            guard case .failure = entry.entry else { continue }
            lacking.formUnion(try SendMessages.Lacking(parameters))
        }
        let operation = SendMessages(to: queue, batch.values, isBatch: true, refusedLack: lacking)
        return Request(batch: batch, operation: operation)
    }

    struct Sent: Sendable {
        let digests: MessageDigests
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Sent>>)
    {
        let entries = request.batch.entries
        backend.engine.write(request.operation) { result in
            completion(result.map { .merge(entries, with: $0) { Sent(digests: $0, sent: $1) } })
        }
    }

    func write(_ response: BatchResponse<Sent>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { writer, entry in entry.digests.write(entry.sent, to: &writer) }
    }
}

extension SendMessages.Lacking {
    /// What a message does not have, whatever else is wrong with it: the queue is asked first whether it needs that.
    init(_ parameters: RequestParameters) throws {
        self.init()
        if try parameters.bytes("MessageGroupId") == nil { insert(.groupID) }
        if try parameters.bytes("MessageDeduplicationId") == nil { insert(.deduplicationID) }
    }
}
