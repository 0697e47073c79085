import QueueModel
import QueueStore

/// Lists the latest message move tasks of a queue, newest first.
struct ListMessageMoveTasksAction: Action {
    static let name = ActionName.listMessageMoveTasks
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> ListMessageMoveTasks {
        let source = try context.queueName(arn: try parameters.requiredString("SourceArn"), of: "SourceArn")
        let limit = try parameters.integer("MaxResults") ?? 1
        guard Limits.listedMoveTasks.contains(limit) else {
            throw QueueError.invalidParameter(
                "Value for parameter MaxResults is invalid. Reason: You must enter a number that's between 1 and 10.")
        }
        return ListMessageMoveTasks(source: source, limit: limit)
    }

    struct Response: Sendable {
        let sourceARN: String
        let tasks: [MessageMoveTask]
    }

    func perform(
        _ request: ListMessageMoveTasks, _ context: RequestContext, _ completion: @escaping Completion<Response>
    ) {
        backend.engine.read(request) { result in
            completion(result.map { Response(sourceARN: request.source.arn, tasks: $0) })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        result.list("Results", response.tasks) { entry, task in
            if task.status == .running {
                let handle = MessageMoveTaskHandle(taskID: task.id, sourceARN: response.sourceARN)
                entry.string("TaskHandle", handle.text)
            }
            entry.string("Status", task.status.rawValue)
            entry.string("SourceArn", response.sourceARN)
            entry.string("DestinationArn", ifPresent: task.destination?.arn)
            entry.integer("MaxNumberOfMessagesPerSecond", ifPresent: task.rate)
            entry.integer("ApproximateNumberOfMessagesMoved", task.movedCount)
            entry.integer("ApproximateNumberOfMessagesToMove", task.toMoveCount)
            entry.string("FailureReason", ifPresent: task.failureReason?.rawValue)
            entry.integer("StartedTimestamp", Int(task.startedAt.milliseconds))
        }
    }
}
