import QueueStore

/// Deletes a queue and all it holds.
struct DeleteQueueAction: Action {
    static let name = ActionName.deleteQueue
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> DeleteQueue {
        DeleteQueue(name: try context.queueName(parameters))
    }

    func perform(_ request: DeleteQueue, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
