import QueueModel
import QueueStore

/// Creates a queue, or finds the one of that name if it has the given attributes.
struct CreateQueueAction: Action {
    static let name = ActionName.createQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> (QueueName, CreateQueue) {
        guard let name = try parameters.string("QueueName") else { throw QueueError.queueNameMissing }
        let tags = try parameters.dictionary("tags")
        try Tags.validate(tags)
        let queue = context.queueName(name)
        let attributes = try QueueAttributeChanges(try parameters.dictionary("Attributes"))
        return (queue, CreateQueue(name: queue, attributes: attributes, tags: tags))
    }

    func perform(
        _ request: (QueueName, CreateQueue), _ context: RequestContext,
        _ completion: @escaping Completion<QueueName>
    ) {
        let (name, operation) = request
        backend.engine.write(operation) { completion($0.map { name }) }
    }

    func write(_ queue: QueueName, _ context: RequestContext, to result: inout some ResultWriter) {
        result.string("QueueUrl", context.queueURL(queue))
    }
}

extension QueueError {
    static let queueNameMissing = invalidParameter(
        "Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
}
