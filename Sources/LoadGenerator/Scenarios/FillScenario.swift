/// Puts the backlog into the queue, in batches, before a test. Not measured.
enum FillScenario {
    static let connections = 32
    /// As many messages as fit into the smallest limit of a batch that servers have, 256 KiB.
    static func batchSize(_ plan: Plan) -> Int { max(1, min(10, 256 * 1024 / (plan.messageSize + 200))) }

    static func workers(_ plan: Plan) -> [any Worker] {
        let missing = Missing(messages: plan.backlog)
        return (0..<connections).map { _ in FillWorker(plan, missing) }
    }

    fileprivate final class Missing {
        var messages: Int

        init(messages: Int) { self.messages = messages }
    }
}

private final class FillWorker: Worker {
    private let plan: Plan
    private let missing: FillScenario.Missing
    private var send: SendRequest

    init(_ plan: Plan, _ missing: FillScenario.Missing) {
        (self.plan, self.missing) = (plan, missing)
        send = plan.sendRequest(batch: FillScenario.batchSize(plan))
    }

    func next(at time: Int64) -> Request? {
        guard missing.messages > 0 else { return nil }
        if missing.messages < send.messages { send = plan.sendRequest(batch: missing.messages) }
        missing.messages -= send.messages
        return send.next(at: time)
    }

    func take(_ answer: AnswerText) -> Outcome { send.outcome(answer) }

    func giveUp() {}
}
