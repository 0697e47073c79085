import QueueModel
import QueueStore

/// Deletes up to ten messages; each succeeds or fails alone.
struct DeleteMessageBatchAction: Action {
    static let name = ActionName.deleteMessageBatch
    let backend: Backend

    typealias Request = BatchRequest<PresentedHandle, Void>

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries("DeleteMessageBatchRequestEntry")
        return try Request(queue, entries) { (backend.open(try $0.requiredBytes("ReceiptHandle")), ()) }
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Void>>)
    {
        let entries = request.entries
        backend.engine.write(DeleteMessages(from: request.queue, request.values)) { result in
            completion(result.map { .merge(entries, with: $0) { _, _ in } })
        }
    }

    func write(_ response: BatchResponse<Void>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { _, _ in }
    }
}
