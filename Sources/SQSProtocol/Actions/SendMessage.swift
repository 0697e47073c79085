import QueueModel
import QueueStore

/// Puts one message into a queue.
struct SendMessageAction: Action {
    static let name = ActionName.sendMessage
    let backend: Backend

    struct Request: Sendable {
        let operation: SendMessages
        let digests: MessageDigests
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        let message = try MessageParameters(parameters, traceID: context.traceID)
        return Request(
            operation: SendMessages(to: queue, [message.message], isBatch: false), digests: message.digests)
    }

    struct Response: Sendable {
        let digests: MessageDigests
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        let digests = request.digests
        backend.engine.write(request.operation) { result in
            completion(result.flatMap { $0[0] }.map { Response(digests: digests, sent: $0) })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        response.digests.write(response.sent, to: &result)
    }
}
