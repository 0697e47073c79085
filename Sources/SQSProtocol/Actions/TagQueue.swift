import QueueModel
import QueueStore

/// Sets tags of a queue.
struct TagQueueAction: Action {
    static let name = ActionName.tagQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> TagQueue {
        let tags = try parameters.dictionary("Tags")
        guard !tags.isEmpty else { throw QueueError.missingParameter("Tags") }
        let queue = try context.queueName(parameters)
        guard tags.count <= Limits.tagsPerQueueMax else { throw Tags.tooMany(queue: queue.name) }
        try Tags.validate(tags)
        return TagQueue(name: queue, tags: tags)
    }

    func perform(_ request: TagQueue, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
