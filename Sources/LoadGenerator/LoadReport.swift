import JSON

/// What a load test found.
package struct LoadReport {
    /// Times of requests, in milliseconds.
    struct Latency {
        static let percentiles: [(name: String, percent: Double)] = [
            ("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9), ("max", 100),
        ]

        let percentiles: [Double]
        let mean: Double

        init(_ histogram: Histogram) {
            percentiles = Self.percentiles.map { Double(histogram.percentile($0.percent)) / 1e6 }
            mean = histogram.mean / 1e6
        }

        /// Each with its name in the JSON.
        var named: [(name: String, milliseconds: Double)] {
            zip(Self.percentiles, percentiles).map { ($0.name, $1) } + [("mean", mean)]
        }
    }

    struct ActionReport {
        let action: Action
        let requests: Int
        let messages: Int
        let empty: Int
        let latency: Latency
    }

    let settings: LoadSettings
    package let requests: Int
    package let messages: Int
    /// Failed requests.
    package let errors: Int
    /// What the first failed request was told.
    package let firstError: String?
    let seconds: Double
    let latency: Latency
    let actions: [ActionReport]
    /// All messages of the backlog were received before the time was over.
    let wasExhausted: Bool
    /// Requests that were due at the fixed rate and could not be begun, because every connection was busy.
    let notSent: Int?
    /// How many processors the load generator itself kept busy.
    let clientCPU: Double

    init(
        _ settings: LoadSettings, _ scenario: any Scenario.Type, _ recorder: Recorder, wasExhausted: Bool,
        notSent: Int?, clientCPU: Double
    ) {
        let tallies = Action.allCases.compactMap { action in recorder.tally(of: action).map { (action, $0) } }
        var all = Histogram()
        for (action, tally) in tallies where scenario.timedActions.contains(action) { all.add(tally.latencies) }
        self.settings = settings
        self.wasExhausted = wasExhausted
        self.notSent = notSent
        self.clientCPU = clientCPU
        requests = tallies.map(\.1.requests).reduce(0, +)
        messages = recorder.tally(of: scenario.countedAction)?.messages ?? 0
        errors = recorder.errors
        firstError = recorder.firstError
        latency = Latency(all)
        actions = tallies.map { action, tally in
            ActionReport(
                action: action, requests: tally.requests, messages: tally.messages, empty: tally.empty,
                latency: Latency(tally.latencies))
        }
        seconds = Double((wasExhausted ? recorder.lastAnswer : recorder.end) - recorder.start) / 1e9
    }

    var requestsPerSecond: Double { perSecond(requests) }
    var messagesPerSecond: Double { perSecond(messages) }

    func perSecond(_ count: Int) -> Double { seconds > 0 ? Double(count) / seconds : 0 }
}
