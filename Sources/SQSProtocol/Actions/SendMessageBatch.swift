import QueueModel
import QueueStore

/// Puts up to ten messages into a queue; each succeeds or fails alone.
struct SendMessageBatchAction: Action {
    static let name = ActionName.sendMessageBatch
    let backend: Backend

    private static let entryType = "SendMessageBatchRequestEntry"

    typealias Request = BatchRequest<OutgoingMessage, MessageDigests>

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries(Self.entryType)
        let size = try entries.reduce(0) { $0 + (try MessageParameters.size(of: $1.parameters)) }
        guard size <= Limits.batchBytesMax else { throw QueueError.batchTooLong(bytes: size) }
        return Request(queue, entries) { entry in
            let message = try MessageParameters(entry, traceID: context.traceID)
            return (message.message, message.digests)
        }
    }

    struct Sent: Sendable {
        let digests: MessageDigests
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Sent>>)
    {
        let entries = request.entries
        backend.engine.write(SendMessages(to: request.queue, request.values, isBatch: true)) { result in
            completion(result.map { .merge(entries, with: $0) { Sent(digests: $0, sent: $1) } })
        }
    }

    func write(_ response: BatchResponse<Sent>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { writer, entry in entry.digests.write(entry.sent, to: &writer) }
    }
}
