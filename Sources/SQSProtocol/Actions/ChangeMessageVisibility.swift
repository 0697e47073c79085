import QueueModel
import QueueStore

/// Sets for how long a received message stays hidden from now on.
struct ChangeMessageVisibilityAction: Action {
    static let name = ActionName.changeMessageVisibility
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> ChangeMessageVisibility {
        let queue = try context.queueName(parameters)
        let handle = backend.open(try parameters.requiredBytes("ReceiptHandle"))
        let timeout = try parameters.requiredInteger("VisibilityTimeout")
        guard Limits.visibilityTimeoutSeconds.contains(timeout) else {
            throw QueueError.invalidValue(timeout, of: "VisibilityTimeout", reason: "Must be between 0 and 43200.")
        }
        return ChangeMessageVisibility(in: queue, [.init(handle, timeoutSeconds: timeout)])
    }

    func perform(
        _ request: ChangeMessageVisibility, _ context: RequestContext, _ completion: @escaping Completion<Void>
    ) {
        backend.engine.write(request) { completion($0.flatMap { $0[0] }) }
    }
}
