import QueueModel
import QueueStore

/// Deletes up to ten messages; each succeeds or fails alone.
struct DeleteMessageBatchAction: Action {
    static let name = ActionName.deleteMessageBatch
    let backend: Backend

    struct Request: Sendable {
        let queue: QueueName
        let entries: [(id: String, entry: Result<PresentedHandle, any Error>)]
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries("DeleteMessageBatchRequestEntry")
        return Request(
            queue: queue,
            entries: entries.map { id, entry in
                (id, Result { backend.open(try entry.requiredBytes("ReceiptHandle")) })
            })
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Void>>)
    {
        let handles = request.entries.compactMap { try? $0.entry.get() }
        backend.engine.write(DeleteMessages(from: request.queue, handles)) { result in
            completion(result.map { .merge(request.entries, with: $0) { _, _ in } })
        }
    }

    func write(_ response: BatchResponse<Void>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { _, _ in }
    }
}
