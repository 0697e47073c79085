import QueueModel
import QueueStore

/// Sets tags of a queue.
struct TagQueueAction: Action {
    static let name = ActionName.tagQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> TagQueue {
        let tags = try parameters.dictionary("Tags")
        guard !tags.isEmpty else { throw QueueError.missingParameter("Tags") }
        try Tags.validate(tags)
        return TagQueue(name: try context.queueName(parameters), tags: tags)
    }

    func perform(_ request: TagQueue, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
