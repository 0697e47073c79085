import Platform
import Testing

@Suite struct ClockTests {
    @Test func `the system clock starts at the wall clock and does not go back`() {
        let clock = SystemClock()
        let first = clock.now()
        #expect(first > 1_700_000_000_000)
        #expect(clock.now() >= first)
    }

    @Test func `a manual clock only moves when it is told to`() {
        let clock = ManualClock(now: 1000)
        #expect(clock.now() == 1000)
        clock.advance(byMilliseconds: 500)
        #expect(clock.now() == 1500)
        clock.set(to: 10)
        #expect(clock.now() == 10)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_042, "1994-11-06T08:49:37.042Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String, String)])
    func `a moment is written as ISO 8601 and as an HTTP date`(moment: Int64, iso8601: String, imfFixdate: String) {
        let time = UTCTime(millisecondsSinceEpoch: moment)
        #expect(time.iso8601 == iso8601)
        #expect(time.imfFixdate == imfFixdate)
    }
}
