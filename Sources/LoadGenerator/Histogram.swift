/// Counts durations to three significant digits: a bucket is never wider than a thousandth of the durations in it.
///
/// Log-linear, as HdrHistogram is: durations below 2048 ns have a bucket each, and every doubling above is cut into 1024
/// buckets. The memory, 270 KB, is the same for any number of durations, and so is the cost of counting one.
package struct Histogram {
    private static let subBucketBits = 10
    /// Longer ones are counted as an hour; `max` still tells them exactly.
    private static let longest: Int64 = 3_600_000_000_000

    private var counts = [Int](repeating: 0, count: Self.bucket(of: Self.longest) + 1)
    package private(set) var count = 0
    /// The longest duration, exactly.
    package private(set) var max: Int64 = 0
    private var sum: Int64 = 0

    package init() {}

    /// Counts one duration. One below zero, which no clock of ours gives, counts as zero.
    package mutating func record(_ nanoseconds: Int64) {
        let nanoseconds = Swift.max(0, nanoseconds)
        counts[Self.bucket(of: min(nanoseconds, Self.longest))] += 1
        count += 1
        sum += nanoseconds
        max = Swift.max(max, nanoseconds)
    }

    /// Adds the durations of another.
    package mutating func add(_ other: Histogram) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
        count += other.count
        sum += other.sum
        max = Swift.max(max, other.max)
    }

    /// The duration that so many of a hundred do not exceed (nearest rank), at most a thousandth too long; 0 if there
    /// are none.
    package func percentile(_ percent: Double) -> Int64 {
        let rank = Swift.max(1, Int((percent / 100 * Double(count)).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= rank { return min(max, Self.longestOf(bucket: bucket)) }
        }
        return max
    }

    /// In nanoseconds, exactly; 0 if there are none.
    package var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

    private static func bucket(of nanoseconds: Int64) -> Int {
        let value = Int(nanoseconds)
        let shift = Swift.max(0, Int.bitWidth - value.leadingZeroBitCount - subBucketBits - 1)
        return shift << subBucketBits + value >> shift
    }

    private static func longestOf(bucket: Int) -> Int64 {
        let shift = Swift.max(0, bucket >> subBucketBits - 1)
        return Int64((bucket - shift << subBucketBits + 1) << shift) - 1
    }
}
