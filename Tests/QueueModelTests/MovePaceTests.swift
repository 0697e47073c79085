import QueueModel
import Testing

/// When the messages of a move task with a rate may go. Reference: 6.4.
struct MovePaceTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func pace(_ rate: Int) -> MovePace {
        MovePace(rate: rate, nextMicroseconds: Self.start.milliseconds * 1000)
    }

    /// When each message goes, in milliseconds from the start, if each moment the pace names is kept.
    private func moments(rate: Int, count: Int) -> [Int64] {
        var pace = pace(rate)
        var moments: [Int64] = []
        var now = Self.start
        while moments.count < count {
            let allowance = pace.allowance(at: now)
            pace.went(allowance, at: now)
            moments += Array(repeating: now.since(Self.start), count: allowance)
            now = pace.nextDue(after: now)
        }
        return Array(moments.prefix(count))
    }

    @Test func `the first message goes at once, the others a second apart`() {
        #expect(moments(rate: 1, count: 4) == [0, 1000, 2000, 3000])
    }

    @Test(arguments: 1...500)
    func `no message goes before its moment, and none is late by more than a commit is worth`(rate: Int) {
        for (index, moment) in moments(rate: rate, count: 4 * rate + 1).enumerated() {
            let exact = Double(index) * 1000 / Double(rate)
            #expect(Double(moment) >= exact)
            #expect(Double(moment) <= exact + 25)
        }
    }

    @Test func `nothing goes before the next moment`() {
        var pace = pace(10)
        #expect(pace.allowance(at: Self.start.adding(milliseconds: -1)) == 0)
        pace.went(1, at: Self.start)
        #expect(pace.allowance(at: Self.start.adding(milliseconds: 99)) == 0)
        #expect(pace.allowance(at: Self.start.adding(milliseconds: 100)) == 1)
    }

    @Test func `time in which nothing went is not made up for in a burst`() {
        let later = Self.start.adding(seconds: 3600)
        #expect(pace(1).allowance(at: later) == 1)
        #expect(pace(500).allowance(at: later) == 51)
        var pace = pace(1)
        pace.went(1, at: later)
        #expect(pace.nextDue(after: later) > later)
        #expect(pace.allowance(at: later.adding(milliseconds: 500)) == 0)
    }
}
