import Testing

@testable import LoadGenerator

@Suite struct PaceTests {
    @Test func `requests are due at even distances, and no rounding adds up`() {
        var pace = Pace(start: 1000, rate: 3)
        var due: [Int64] = []
        for _ in 0..<7 {
            due.append(pace.due)
            pace.advance()
        }
        #expect(due == [1000, 333_334_333, 666_667_666, 1_000_001_000, 1_333_334_333, 1_666_667_666, 2_000_001_000])
    }

    @Test(arguments: [0.5, 1, 3, 7, 1000, 12_345.6, 100_000])
    func `what is overdue is what would have been begun by then`(rate: Double) {
        var counted = Pace(start: 5, rate: rate)
        let asked = counted
        var count = 0
        while counted.due < 5 + 2_000_000_000 {
            counted.advance()
            count += 1
        }
        #expect(asked.overdue(at: 5 + 2_000_000_000) == count)
        #expect(counted.overdue(at: 5 + 2_000_000_000) == 0)
        #expect(asked.overdue(at: 5) == 0)
    }

    @Test func `connections take turns in the order in which they became idle`() {
        var idle = IdleConnections<Int>(capacity: 3)
        #expect(idle.popFirst() == nil)
        for round in 0..<5 {
            for number in 1...3 { idle.append(round * 10 + number) }
            #expect(idle.popFirst() == round * 10 + 1)
            #expect(idle.popFirst() == round * 10 + 2)
            #expect(!idle.isEmpty)
            #expect(idle.popFirst() == round * 10 + 3)
            #expect(idle.isEmpty)
        }
    }
}
