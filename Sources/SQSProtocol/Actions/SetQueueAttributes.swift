import QueueModel
import QueueStore

/// Changes attributes of a queue.
struct SetQueueAttributesAction: Action {
    static let name = ActionName.setQueueAttributes
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> SetQueueAttributes {
        SetQueueAttributes(
            name: try context.queueName(parameters),
            attributes: try QueueAttributeChanges(try parameters.dictionary("Attributes")))
    }

    func perform(_ request: SetQueueAttributes, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
