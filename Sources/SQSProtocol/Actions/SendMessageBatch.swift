import QueueModel
import QueueStore

/// Puts up to ten messages into a queue; each succeeds or fails alone.
struct SendMessageBatchAction: Action {
    static let name = ActionName.sendMessageBatch
    let backend: Backend

    private static let entryType = "SendMessageBatchRequestEntry"

    struct Request: Sendable {
        let queue: QueueName
        let entries: [(id: String, entry: Result<MessageParameters, any Error>)]
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries(Self.entryType)
        let size = try entries.reduce(0) { $0 + (try MessageParameters.size(of: $1.parameters)) }
        guard size <= Limits.batchBytesMax else { throw QueueError.batchTooLong(bytes: size) }
        return Request(
            queue: queue,
            entries: entries.map { id, entry in
                (id, Result { try MessageParameters(entry, traceID: context.traceID) })
            })
    }

    struct Sent: Sendable {
        let message: MessageParameters
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Sent>>)
    {
        let messages = request.entries.compactMap { try? $0.entry.get().message }
        backend.engine.write(SendMessages(to: request.queue, messages, isBatch: true)) { result in
            completion(
                result.map { stored in
                    .merge(request.entries, with: stored) { Sent(message: $0, sent: $1) }
                })
        }
    }

    func write(_ response: BatchResponse<Sent>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { writer, entry in entry.message.write(entry.sent, to: &writer) }
    }
}
