import QueueModel
import QueueStore

/// Puts one message into a queue.
struct SendMessageAction: Action {
    static let name = ActionName.sendMessage
    let backend: Backend

    struct Request: Sendable {
        let queue: QueueName
        let message: MessageParameters
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        Request(
            queue: try context.queueName(parameters),
            message: try MessageParameters(parameters, traceID: context.traceID))
    }

    struct Response: Sendable {
        let message: MessageParameters
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        let operation = SendMessages(to: request.queue, [request.message.message], isBatch: false)
        backend.engine.write(operation) { result in
            completion(result.flatMap { $0[0] }.map { Response(message: request.message, sent: $0) })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        response.message.write(response.sent, to: &result)
    }
}
