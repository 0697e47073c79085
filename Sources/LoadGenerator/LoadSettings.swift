/// What a load test is to do.
package struct LoadSettings: Sendable {
    package var endpoint: Endpoint
    package var scenario: ScenarioName
    package var connections = 64
    /// In bytes.
    package var messageSize = 1024
    package var seconds = 10.0
    /// Seconds before the measuring begins.
    package var warmUp = 2.0
    /// Requests a second; nil lets each connection send its next request when the last is answered.
    package var rate: Double?
    /// Message groups; the queue is a FIFO queue if there are any.
    package var groups = 0
    /// Messages in the queue before the test.
    package var backlog: Int?
    /// Ends the test after so many requests, whatever time they take.
    package var requests: Int?

    package init(endpoint: Endpoint, scenario: ScenarioName) {
        (self.endpoint, self.scenario) = (endpoint, scenario)
    }

    /// Why this test makes no sense, if it makes none.
    package var problem: String? {
        if scenario == .longPoll, messageSize < SendRequest.timeDigits {
            return "long-poll needs --message-size \(SendRequest.timeDigits) or more: the messages carry their time"
        }
        if scenario == .longPoll, groups > 0 || (backlog ?? 0) > 0 {
            return "long-poll measures an empty standard queue: --groups and --backlog make no sense with it"
        }
        if scenario == .receiveDelete, backlog == 0 {
            return "receive-delete needs a --backlog to receive"
        }
        return nil
    }
}
