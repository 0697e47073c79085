import QueueModel
import QueueStore

/// Lists the queues that name this one as their dead-letter queue.
struct ListDeadLetterSourceQueuesAction: Action {
    static let name = ActionName.listDeadLetterSourceQueues
    let backend: Backend

    struct Request: Sendable {
        let paging: Paging
        let operation: ListDeadLetterSourceQueues
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let paging = try Paging(parameters)
        guard let after = Int64(paging.after ?? "0") else {
            throw QueueError.invalidParameter("Invalid or expired next token.")
        }
        return Request(
            paging: paging,
            operation: ListDeadLetterSourceQueues(
                name: try context.queueName(parameters), after: after, limit: paging.limit))
    }

    struct Response: Sendable {
        let queues: [QueueName]
        let nextToken: String?
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        backend.engine.read(request.operation) { result in
            completion(
                result.map { page in
                    let last = page.items.last.map { String($0.position) }
                    return Response(
                        queues: page.items.map(\.name),
                        nextToken: page.hasMore ? request.paging.token(after: last) : nil)
                })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        // The one member of SQS that begins with a small letter.
        result.stringList("queueUrls", response.queues.map(context.queueURL))
        result.string("NextToken", ifPresent: response.nextToken)
    }
}
