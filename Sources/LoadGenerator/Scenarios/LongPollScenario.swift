/// Consumers wait in long polls, and one sender sends at a low rate. What is timed is the way of a message: from the
/// moment at which it is due to be sent to the moment at which a consumer has it.
enum LongPollScenario: Scenario {
    static let countedAction = Action.receiveMessage
    static let timedActions = [Action.receiveMessage]
    /// Messages a second, if no rate is given: the server is idle between two of them.
    static let rate = 50.0

    static func workers(_ plan: Plan) -> [any Worker] {
        let messages = Messages()
        return (0..<plan.connections).map { _ in Consumer(plan, messages) } + [Sender(plan, messages)]
    }

    /// Sent, and not yet with a consumer.
    private final class Messages {
        var underWay = 0
    }

    private final class Sender: Worker {
        private let send: SendRequest
        private let messages: Messages

        init(_ plan: Plan, _ messages: Messages) {
            send = plan.sendRequest(carriesTime: true)
            self.messages = messages
        }

        var awaitsMore: Bool { messages.underWay > 0 }

        func next(at time: Int64) -> Request? {
            messages.underWay += 1
            return send.next(at: time)
        }

        func take(_ answer: AnswerText) -> Outcome { .success(messages: 1) }

        func giveUp() { messages.underWay -= 1 }
    }

    private final class Consumer: Worker {
        private let messages: Messages
        private let receive: ReceiveRequest
        private let delete: DeleteRequest
        private var mustDelete = false

        init(_ plan: Plan, _ messages: Messages) {
            self.messages = messages
            receive = ReceiveRequest(plan.head, from: plan.queue, max: 1, waitTimeSeconds: 20)
            delete = DeleteRequest(plan.head, from: plan.queue, isBatch: false)
        }

        var isMeasured: Bool { false }

        func next(at time: Int64) -> Request? { mustDelete ? delete.request : receive.request }

        func take(_ answer: AnswerText) -> Outcome {
            if mustDelete {
                mustDelete = false
                return .success(messages: 1)
            }
            delete.write(for: answer)
            mustDelete = delete.messages > 0
            messages.underWay -= delete.messages
            return .success(messages: delete.messages, since: answer.timeInBody)
        }

        func giveUp() { mustDelete = false }
    }
}

extension AnswerText {
    /// The time that a sender wrote at the beginning of the message.
    fileprivate var timeInBody: Int64? {
        var time: Int64?
        forEachString(named: "Body\"") { body in
            time = Int64(String(decoding: body.prefix(SendRequest.timeDigits), as: UTF8.self), radix: 16)
        }
        return time
    }
}
