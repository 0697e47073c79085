import QueueModel
import QueueStore

/// Takes the statement of a label out of a queue's policy.
struct RemovePermissionAction: Action {
    static let name = ActionName.removePermission
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> RemovePermission {
        RemovePermission(
            name: try context.queueName(parameters), label: try parameters.requiredString("Label"))
    }

    func perform(_ request: RemovePermission, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
