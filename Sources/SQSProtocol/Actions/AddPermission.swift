import QueueModel
import QueueStore

/// Adds a statement to a queue's policy that lets other accounts use it.
struct AddPermissionAction: Action {
    static let name = ActionName.addPermission
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> AddPermission {
        let queue = try context.queueName(parameters)
        let permission = try Permission(
            label: try parameters.requiredString("Label"), accounts: try parameters.stringList("AWSAccountIds"),
            actions: try parameters.stringList("Actions"))
        return AddPermission(name: queue, permission: permission)
    }

    func perform(_ request: AddPermission, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request, then: completion)
    }
}
