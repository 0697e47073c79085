import Crypto
import Testing

@testable import LoadGenerator

@Suite struct HistogramTests {
    private func histogram(_ durations: some Sequence<Int64>) -> Histogram {
        var histogram = Histogram()
        for duration in durations { histogram.record(duration) }
        return histogram
    }

    /// From a microsecond to minutes, as many of each magnitude.
    private func randomDurations(_ count: Int, seed: UInt64) -> [Int64] {
        let random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            let magnitude = Int64(1) << (10 + random.next() % 28)
            return magnitude + Int64(random.next() % UInt64(magnitude))
        }
    }

    /// By nearest rank.
    private func exactPercentile(_ percent: Double, of sorted: [Int64]) -> Int64 {
        sorted[max(1, Int((percent / 100 * Double(sorted.count)).rounded(.up))) - 1]
    }

    @Test(arguments: [1, 2, 3, 10, 999, 20_000])
    func `percentiles are the exact ones to a thousandth, and never less`(count: Int) {
        let durations = randomDurations(count, seed: UInt64(count))
        let histogram = histogram(durations)
        let sorted = durations.sorted()
        for percent in [0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100] {
            let exact = exactPercentile(percent, of: sorted)
            let told = histogram.percentile(percent)
            #expect(told >= exact)
            #expect(told <= exact + exact / 1000, "\(percent) of \(count): \(told) for \(exact)")
        }
    }

    @Test func `durations up to two microseconds are told to the nanosecond`() {
        for duration in Int64(0)..<2048 { #expect(histogram([duration, 1 << 30]).percentile(50) == duration) }
    }

    @Test func `the longest duration and the mean are exact`() {
        let durations = randomDurations(1000, seed: 7)
        let histogram = histogram(durations)
        #expect(histogram.max == durations.max())
        #expect(histogram.percentile(100) == durations.max())
        #expect(histogram.mean == Double(durations.reduce(0, +)) / 1000)
        #expect(histogram.count == 1000)
    }

    @Test func `a duration of more than an hour is counted, and told exactly if it is the longest`() {
        let day: Int64 = 86_400_000_000_000
        let histogram = histogram([1, day])
        #expect(histogram.max == day)
        #expect(histogram.percentile(50) == 1)
        #expect(histogram.percentile(100) >= 3_600_000_000_000)
    }

    @Test func `adding a histogram is counting its durations`() {
        let durations = randomDurations(1000, seed: 1)
        var sum = histogram(durations[..<300])
        sum.add(histogram(durations[300...]))
        let whole = histogram(durations)
        for percent in [1, 50, 90, 99.0] { #expect(sum.percentile(percent) == whole.percentile(percent)) }
        #expect(sum.count == whole.count)
        #expect(sum.mean == whole.mean)
        #expect(sum.max == whole.max)
    }

    @Test func `without durations everything is zero`() {
        let histogram = Histogram()
        #expect(histogram.percentile(50) == 0)
        #expect(histogram.max == 0)
        #expect(histogram.mean == 0)
    }
}
