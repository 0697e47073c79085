import Platform

/// Collects what is measured. A request counts if it began within the window, whenever it ends.
final class Recorder {
    /// What became of the requests for one action.
    struct Tally {
        var requests = 0
        var messages = 0
        /// Successful requests that brought no message.
        var empty = 0
        var latencies = Histogram()
    }

    /// The window, in nanoseconds of `MonotonicTime`.
    let start: Int64
    let end: Int64
    /// The most requests to count.
    let limit: Int?

    private var tallies: [Tally?] = Array(repeating: nil, count: Action.allCases.count)
    /// Requests that began within the window.
    private(set) var begun = 0
    private(set) var errors = 0
    /// What the first failed request was told.
    private(set) var firstError: String?
    /// When the last request that counts was answered.
    private(set) var lastAnswer: Int64 = 0
    /// All successful requests of all times, for the progress.
    private(set) var allRequests = 0

    init(start: Int64, end: Int64, limit: Int? = nil) {
        (self.start, self.end, self.limit) = (start, end, limit)
    }

    func begins(at time: Int64) {
        if isCounted(time) { begun += 1 }
    }

    /// Whether a request that is due now is wanted.
    func wants(requestAt time: Int64) -> Bool {
        time < end && limit.map { begun < $0 } ?? true
    }

    /// - Parameter isTimed: the time says something about the server; an empty answer to a long poll does not.
    func record(_ action: Action, begun: Int64, answered: Int64, messages: Int, isTimed: Bool) {
        allRequests += 1
        guard isCounted(begun) else { return }
        lastAnswer = max(lastAnswer, answered)
        let index = action.rawValue
        if tallies[index] == nil { tallies[index] = Tally() }
        tallies[index]!.requests += 1
        tallies[index]!.messages += messages
        if messages == 0 { tallies[index]!.empty += 1 }
        if isTimed { tallies[index]!.latencies.record(answered - begun) }
    }

    /// Errors count at any time: a test that failed in its warm-up is not in order either.
    func recordError(_ description: @autoclosure () -> String, count: Int = 1) {
        errors += count
        if firstError == nil { firstError = description() }
    }

    func tally(of action: Action) -> Tally? { tallies[action.rawValue] }

    private func isCounted(_ begun: Int64) -> Bool { begun >= start && begun < end }
}
