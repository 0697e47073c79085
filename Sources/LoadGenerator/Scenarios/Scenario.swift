/// What a load test does.
package enum ScenarioName: String, CaseIterable, Sendable {
    case send
    case sendBatch = "send-batch"
    case receiveDelete = "receive-delete"
    case lifecycle
    case longPoll = "long-poll"
    case fifo

    var scenario: any Scenario.Type {
        switch self {
        case .send: SendScenario.self
        case .sendBatch: SendBatchScenario.self
        case .receiveDelete: ReceiveDeleteScenario.self
        case .lifecycle, .fifo: LifecycleScenario.self
        case .longPoll: LongPollScenario.self
        }
    }
}

/// A way of using a queue, and what is measured of it.
protocol Scenario {
    /// The action whose messages are counted.
    static var countedAction: Action { get }
    /// The actions whose times are told together.
    static var timedActions: [Action] { get }

    /// One worker for each connection.
    static func workers(_ plan: Plan) -> [any Worker]
}

/// What a scenario's workers are made from.
struct Plan {
    let head: RequestHead
    let queue: TestQueue
    let connections: Int
    let messageSize: Int
    /// Messages in the queue before the test.
    let backlog: Int
    let numbers: SendRequest.Numbers

    func sendRequest(batch: Int? = nil, carriesTime: Bool = false) -> SendRequest {
        SendRequest(
            head, to: queue, batch: batch, messageSize: messageSize, numbers: numbers, carriesTime: carriesTime)
    }

    func receiveRequest(max: Int) -> ReceiveRequest {
        ReceiveRequest(head, from: queue, max: max, waitTimeSeconds: queue.waitTimeSeconds)
    }
}
