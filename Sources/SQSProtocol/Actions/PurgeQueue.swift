import QueueStore

/// Removes all messages of a queue.
struct PurgeQueueAction: Action {
    static let name = ActionName.purgeQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> PurgeQueue {
        PurgeQueue(name: try context.queueName(parameters))
    }

    func perform(_ request: PurgeQueue, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
