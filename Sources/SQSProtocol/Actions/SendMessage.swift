import QueueModel
import QueueStore

/// Puts one message into a queue.
struct SendMessageAction: Action {
    static let name = ActionName.sendMessage
    let backend: Backend

    struct Request: Sendable {
        let operation: SendMessages
        /// Why the message is not sent, unless its queue has the better reason.
        let digests: Result<MessageDigests, QueueError>
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let queue = try context.queueName(parameters)
        do {
            let message = try MessageParameters(parameters, traceID: context.traceID)
            return Request(
                operation: SendMessages(to: queue, [message.message], isBatch: false),
                digests: .success(message.digests))
        } catch let refusal as QueueError {
            let lack = try SendMessages.Lacking(parameters)
            if lack.isEmpty { throw refusal }
            return Request(
                operation: SendMessages(to: queue, [], isBatch: false, refusedLack: lack), digests: .failure(refusal))
        }
    }

    struct Response: Sendable {
        let digests: MessageDigests
        let sent: SentMessage
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        let digests = request.digests
        backend.engine.write(request.operation) { result in
            completion(
                result.flatMap { results in
                    digests.flatMap { digests in results[0].map { Response(digests: digests, sent: $0) } }
                })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        response.digests.write(response.sent, to: &result)
    }
}
