import QueueModel
import QueueStore

/// Sets for how long up to ten received messages stay hidden; each change succeeds or fails alone.
struct ChangeMessageVisibilityBatchAction: Action {
    static let name = ActionName.changeMessageVisibilityBatch
    let backend: Backend

    typealias Request = BatchRequest<ChangeMessageVisibility.Change, Void>

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let entries = try parameters.batchEntries("ChangeMessageVisibilityBatchRequestEntry")
        return try Request(queue, entries) { (try change($0), ()) }
    }

    private func change(_ entry: RequestParameters) throws -> ChangeMessageVisibility.Change {
        let handle = backend.open(try entry.requiredBytes("ReceiptHandle"))
        let timeout = try entry.requiredInteger("VisibilityTimeout")
        guard Limits.visibilityTimeoutSeconds.contains(timeout) else {
            throw QueueError.invalidParameter("VisibilityTimeout must be an integer between 0 and 43200.")
        }
        return .init(handle, timeoutSeconds: timeout)
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<BatchResponse<Void>>)
    {
        let entries = request.entries
        backend.engine.write(ChangeMessageVisibility(in: request.queue, request.values)) { result in
            completion(result.map { .merge(entries, with: $0) { _, _ in } })
        }
    }

    func write(_ response: BatchResponse<Void>, _ context: RequestContext, to result: inout some ResultWriter) {
        response.write(to: &result) { _, _ in }
    }
}
