/// Every connection sends one message after the other.
enum SendScenario: Scenario {
    static let countedAction = Action.sendMessage
    static let timedActions = [Action.sendMessage]

    static func workers(_ plan: Plan) -> [any Worker] { SendWorker.workers(plan, batch: nil) }
}

/// Sends without end.
final class SendWorker: Worker {
    private let send: SendRequest

    init(_ send: SendRequest) { self.send = send }

    static func workers(_ plan: Plan, batch: Int?) -> [any Worker] {
        // The requests to a standard queue are all the same, and one piece of memory stays in the processor's cache.
        let shared = plan.queue.isFIFO ? nil : plan.sendRequest(batch: batch)
        return (0..<plan.connections).map { _ in SendWorker(shared ?? plan.sendRequest(batch: batch)) }
    }

    func next(at time: Int64) -> Request? { send.next(at: time) }

    func take(_ answer: AnswerText) -> Outcome { send.outcome(answer) }

    func giveUp() {}
}
