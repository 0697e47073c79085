import QueueModel
import QueueStore

/// Tells the attributes of a queue that are asked for; those it does not have are left out.
struct GetQueueAttributesAction: Action {
    static let name = ActionName.getQueueAttributes
    let backend: Backend

    struct Request: Sendable {
        let attributes: [QueueAttribute]
        let operation: GetQueueAttributes
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        Request(
            attributes: try QueueAttribute.requested(try parameters.stringList("AttributeNames")),
            operation: GetQueueAttributes(name: try context.queueName(parameters)))
    }

    func perform(
        _ request: Request, _ context: RequestContext,
        _ completion: @escaping Completion<[(key: String, value: String)]>
    ) {
        backend.engine.read(request.operation) { result in
            completion(
                result.map { queue in
                    request.attributes.compactMap { attribute in
                        queue.value(of: attribute).map { (key: attribute.rawValue, value: $0) }
                    }
                })
        }
    }

    func write(
        _ attributes: [(key: String, value: String)], _ context: RequestContext, to result: inout some ResultWriter
    ) {
        result.stringMap("Attributes", attributes)
    }
}
