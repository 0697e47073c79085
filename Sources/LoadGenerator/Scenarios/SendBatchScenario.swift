/// Every connection sends one batch of ten messages after the other.
enum SendBatchScenario: Scenario {
    static let countedAction = Action.sendMessageBatch
    static let timedActions = [Action.sendMessageBatch]

    static func workers(_ plan: Plan) -> [any Worker] { SendWorker.workers(plan, batch: 10) }
}
