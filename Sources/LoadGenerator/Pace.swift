/// The schedule of a test at a fixed rate: when each request is due, whatever became of those before.
struct Pace {
    private let start: Int64
    private let rate: Double
    private var taken = 0

    /// - Parameters:
    ///   - start: when the first request is due, in nanoseconds of `MonotonicTime`.
    ///   - rate: requests a second.
    init(start: Int64, rate: Double) {
        (self.start, self.rate) = (start, rate)
    }

    /// When the next request is due.
    var due: Int64 { time(of: taken) }

    /// The next request has been begun.
    mutating func advance() { taken += 1 }

    /// How many requests were due before a moment and have not been begun.
    func overdue(at moment: Int64) -> Int {
        var count = 0
        if due < moment { count = max(0, Int(Double(moment - start) / 1e9 * rate) - taken) }
        // Rounding may be one off in either direction.
        while time(of: taken + count) < moment { count += 1 }
        while count > 0, time(of: taken + count - 1) >= moment { count -= 1 }
        return count
    }

    private func time(of request: Int) -> Int64 {
        start + Int64(Double(request) / rate * 1e9)
    }
}
