import QueueModel
import QueueStore

/// Tells the URL of a queue, also of one of another account.
struct GetQueueURLAction: Action {
    static let name = ActionName.getQueueURL
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> QueueName {
        guard let name = try parameters.string("QueueName") else { throw QueueError.queueNameMissing }
        return context.queueName(name, account: try parameters.string("QueueOwnerAWSAccountId"))
    }

    func perform(
        _ queue: QueueName, _ context: RequestContext,
        _ completion: @escaping Completion<QueueName>
    ) {
        backend.engine.read(FindQueue(name: queue)) { completion($0.map { queue }) }
    }

    func write(_ queue: QueueName, _ context: RequestContext, to result: inout some ResultWriter) {
        result.string("QueueUrl", context.queueURL(queue))
    }
}
