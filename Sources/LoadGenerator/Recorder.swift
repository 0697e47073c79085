/// Collects what is measured within a window of time. Throughput counts the answers that came within it; times are those of
/// the requests that began within it, whenever they are answered, so that a stall at the end is not left out.
final class Recorder {
    /// What became of the requests for one action.
    struct Tally {
        /// Successful ones.
        var requests = 0
        var messages = 0
        /// Successful requests that brought no message.
        var empty = 0
        var latencies = Histogram()
    }

    /// When the window begins, in nanoseconds of `MonotonicTime`.
    let start: Int64
    /// When it ends: at a time, or with the last request that is wanted.
    private(set) var end: Int64
    private var wanted: Int
    /// There were as many requests as are wanted.
    var isComplete: Bool { wanted <= 0 }

    private var tallies: [Tally?] = Array(repeating: nil, count: Action.allCases.count)
    /// Failed requests of all times: a test that failed in its warm-up is not in order either.
    private(set) var errors = 0
    /// What the first failed request was told.
    private(set) var firstError: String?
    /// When the last answer within the window came.
    private(set) var lastAnswer: Int64
    /// Successful requests of all times, for the progress.
    private(set) var allRequests = 0

    /// - Parameter limit: after so many successful requests the window ends.
    init(start: Int64, end: Int64, limit: Int? = nil) {
        (self.start, self.end, wanted) = (start, end, limit ?? .max)
        lastAnswer = start
    }

    /// - Parameters:
    ///   - begun: where the time of the request counts from.
    ///   - isTimed: the time says something about the server; that of an empty answer to a long poll does not.
    func record(_ action: Action, begun: Int64, answered: Int64, messages: Int, isTimed: Bool) {
        allRequests += 1
        guard answered >= start else { return }
        let index = action.rawValue
        if tallies[index] == nil { tallies[index] = Tally() }
        if isTimed, begun >= start, begun < end { tallies[index]!.latencies.record(answered - begun) }
        guard answered < end else { return }
        tallies[index]!.requests += 1
        tallies[index]!.messages += messages
        if messages == 0 { tallies[index]!.empty += 1 }
        lastAnswer = answered
        wanted -= 1
        if wanted == 0 { end = answered }
    }

    func recordError(_ description: @autoclosure () -> String, count: Int = 1) {
        errors += count
        if firstError == nil { firstError = description() }
    }

    func tally(of action: Action) -> Tally? { tallies[action.rawValue] }
}
