import QueueModel
import QueueStore

/// Starts to move the messages of a dead-letter queue: to another queue, or each back to its own.
struct StartMessageMoveTaskAction: Action {
    static let name = ActionName.startMessageMoveTask
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> StartMessageMoveTask {
        let source = try context.queueName(arn: try parameters.requiredString("SourceArn"), of: "SourceArn")
        let destination = try parameters.string("DestinationArn").map {
            try context.queueName(arn: $0, of: "DestinationArn")
        }
        let rate = try parameters.integer("MaxNumberOfMessagesPerSecond")
        guard rate.map(Limits.movesPerSecond.contains) ?? true else {
            throw QueueError.invalidParameter(
                "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's "
                    + "between 1 and 500.")
        }
        return StartMessageMoveTask(from: source, to: destination, rate: rate)
    }

    func perform(
        _ request: StartMessageMoveTask, _ context: RequestContext,
        _ completion: @escaping Completion<MessageMoveTaskHandle>
    ) {
        backend.engine.write(request) { result in
            completion(result.map { MessageMoveTaskHandle(taskID: $0, sourceARN: request.source.arn) })
        }
    }

    func write(_ handle: MessageMoveTaskHandle, _ context: RequestContext, to result: inout some ResultWriter) {
        result.string("TaskHandle", handle.text)
    }
}
