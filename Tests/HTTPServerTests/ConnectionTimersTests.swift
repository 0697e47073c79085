import Testing

@testable import HTTPServer

@Suite struct ConnectionTimersTests {
    @Test func `timers run out in the order of their deadlines within a kind`() {
        var timers = ConnectionTimers()
        timers.set(ConnectionTimer(kind: .idle, deadline: 10), for: 7)
        timers.set(ConnectionTimer(kind: .idle, deadline: 20), for: 3)
        timers.set(ConnectionTimer(kind: .head, deadline: 15), for: 5)
        #expect(timers.nextDeadline == 10)
        #expect(timers.popExpired(now: 9) == nil)
        #expect(timers.popExpired(now: 20) == 7)
        #expect([timers.popExpired(now: 20), timers.popExpired(now: 20)].compactMap { $0 }.sorted() == [3, 5])
        #expect(timers.nextDeadline == nil)
    }

    @Test func `a timer that is moved or cleared does not run out`() {
        var timers = ConnectionTimers()
        for number in 0..<5 { timers.set(ConnectionTimer(kind: .idle, deadline: 10), for: number) }
        timers.set(nil, for: 0)
        timers.set(ConnectionTimer(kind: .body, deadline: 30), for: 2)
        timers.set(ConnectionTimer(kind: .idle, deadline: 11), for: 4)
        timers.set(nil, for: 99)
        var expired: [Int] = []
        while let number = timers.popExpired(now: 10) { expired.append(number) }
        #expect(expired == [1, 3])
        #expect(timers.popExpired(now: 11) == 4)
        #expect(timers.popExpired(now: 30) == 2)
    }

    @Test func `random changes leave what a plain dictionary would hold`() {
        var random = SeededGenerator(seed: 7)
        var timers = ConnectionTimers()
        var model: [Int: ConnectionTimer] = [:]
        var now: Int64 = 0
        for _ in 0..<20_000 {
            now += Int64.random(in: 0...2, using: &random)
            let number = Int.random(in: 0..<40, using: &random)
            let kind = ConnectionTimer.Kind.allCases.randomElement(using: &random)!
            let timer = ConnectionTimer(kind: kind, deadline: now + Int64(kind.rawValue + 1) * 10)
            let isCleared = Bool.random(using: &random)
            timers.set(isCleared ? nil : timer, for: number)
            model[number] = isCleared ? nil : timer
            var expired: Set<Int> = []
            while let number = timers.popExpired(now: now) { expired.insert(number) }
            let expected = Set(model.filter { $0.value.deadline <= now }.keys)
            #expect(expired == expected)
            for number in expected { model[number] = nil }
            #expect(timers.nextDeadline == model.values.map(\.deadline).min())
        }
    }
}
