/// Every connection receives up to ten messages and deletes what came. The test ends early when all messages that were
/// there before it have been received.
enum ReceiveDeleteScenario: Scenario {
    static let countedAction = Action.deleteMessageBatch
    static let timedActions = [Action.receiveMessage, .deleteMessageBatch]

    static func workers(_ plan: Plan) -> [any Worker] {
        let backlog = Backlog(messages: plan.backlog)
        return (0..<plan.connections).map { _ in ReceiveDeleteWorker(plan, backlog) }
    }

    fileprivate final class Backlog {
        var messages: Int

        init(messages: Int) { self.messages = messages }
    }
}

private final class ReceiveDeleteWorker: Worker {
    private let backlog: ReceiveDeleteScenario.Backlog
    private let receive: ReceiveRequest
    private let delete: DeleteRequest
    private var mustDelete = false

    init(_ plan: Plan, _ backlog: ReceiveDeleteScenario.Backlog) {
        self.backlog = backlog
        receive = plan.receiveRequest(max: 10)
        delete = DeleteRequest(plan.head, from: plan.queue, isBatch: true)
    }

    func next(at time: Int64) -> Request? {
        if mustDelete { return delete.request }
        return backlog.messages > 0 ? receive.request : nil
    }

    func take(_ answer: AnswerText) -> Outcome {
        if mustDelete {
            mustDelete = false
            return answer.tellsOfFailedEntries ? .failure : .success(messages: delete.messages)
        }
        delete.write(for: answer)
        backlog.messages -= delete.messages
        mustDelete = delete.messages > 0
        return .success(messages: delete.messages)
    }

    func giveUp() { mustDelete = false }
}
