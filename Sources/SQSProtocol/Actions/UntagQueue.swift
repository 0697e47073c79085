import QueueModel
import QueueStore

/// Takes tags from a queue.
struct UntagQueueAction: Action {
    static let name = ActionName.untagQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> UntagQueue {
        let keys = try parameters.stringList("TagKeys")
        guard !keys.isEmpty else { throw QueueError.missingParameter("TagKeys") }
        return UntagQueue(name: try context.queueName(parameters), keys: keys)
    }

    func perform(_ request: UntagQueue, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
