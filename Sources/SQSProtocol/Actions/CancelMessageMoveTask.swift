import QueueModel
import QueueStore

/// Stops a message move task. Messages it has moved stay where they are.
struct CancelMessageMoveTaskAction: Action {
    static let name = ActionName.cancelMessageMoveTask
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> CancelMessageMoveTask {
        guard let handle = MessageMoveTaskHandle(try parameters.requiredString("TaskHandle")) else {
            throw QueueError.invalidParameter("Value for parameter TaskHandle is invalid.")
        }
        return CancelMessageMoveTask(
            id: handle.taskID, source: try context.queueName(arn: handle.sourceARN, of: "SourceArn"))
    }

    func perform(
        _ request: CancelMessageMoveTask, _ context: RequestContext, _ completion: @escaping Completion<Int>
    ) {
        backend.engine.write(request, then: completion)
    }

    func write(_ movedCount: Int, _ context: RequestContext, to result: inout some ResultWriter) {
        result.integer("ApproximateNumberOfMessagesMoved", movedCount)
    }
}
