/// Every connection sends a message, receives one, which may be another's, and deletes it. The backlog stays as it is.
enum LifecycleScenario: Scenario {
    static let countedAction = Action.deleteMessage
    static let timedActions = [Action.sendMessage, .receiveMessage, .deleteMessage]

    static func workers(_ plan: Plan) -> [any Worker] {
        (0..<plan.connections).map { _ in LifecycleWorker(plan) }
    }
}

private final class LifecycleWorker: Worker {
    private enum Step { case send, receive, delete }

    private let send: SendRequest
    private let receive: ReceiveRequest
    private let delete: DeleteRequest
    private var step = Step.send

    init(_ plan: Plan) {
        send = plan.sendRequest()
        receive = plan.receiveRequest(max: 1)
        delete = DeleteRequest(plan.head, from: plan.queue, isBatch: false)
    }

    func next(at time: Int64) -> Request? {
        switch step {
        case .send: send.next(at: time)
        case .receive: receive.request
        case .delete: delete.request
        }
    }

    func take(_ answer: AnswerText) -> Outcome {
        switch step {
        case .send:
            step = .receive
            return .success(messages: 1)
        case .receive:
            delete.write(for: answer)
            // Nobody receives more than was sent, so there is a message for each who asks; a server that says there is
            // none is asked again.
            if delete.messages > 0 { step = .delete }
            return .success(messages: delete.messages)
        case .delete:
            step = .send
            return .success(messages: 1)
        }
    }

    func giveUp() {
        if step == .delete { step = .send }
    }
}
