import Testing

@testable import LoadGenerator

@Suite struct RecorderTests {
    private func record(_ recorder: Recorder, begun: Int64, answered: Int64, messages: Int = 1, isTimed: Bool = true) {
        recorder.record(.sendMessage, begun: begun, answered: answered, messages: messages, isTimed: isTimed)
    }

    @Test func `throughput counts the answers within the window, and times the requests that began within it`() throws {
        let recorder = Recorder(start: 100, end: 200)
        record(recorder, begun: 10, answered: 50)
        record(recorder, begun: 90, answered: 110)
        record(recorder, begun: 120, answered: 150, messages: 10)
        record(recorder, begun: 190, answered: 1000)
        record(recorder, begun: 200, answered: 1000)
        let tally = try #require(recorder.tally(of: .sendMessage))
        #expect(tally.requests == 2)
        #expect(tally.messages == 11)
        #expect(tally.latencies.count == 2)
        #expect(tally.latencies.max == 810)
        #expect(recorder.lastAnswer == 150)
        #expect(recorder.allRequests == 5)
        #expect(recorder.tally(of: .receiveMessage) == nil)
    }

    @Test func `with a limit the window ends with the last request that is wanted`() {
        let recorder = Recorder(start: 100, end: .max, limit: 2)
        for answered in [Int64(50), 110, 120, 130] { record(recorder, begun: answered - 1, answered: answered) }
        #expect(recorder.tally(of: .sendMessage)?.requests == 2)
        #expect(recorder.end == 120)
    }

    @Test func `an empty answer to a long poll counts and has no time`() throws {
        let recorder = Recorder(start: 0, end: 100)
        record(recorder, begun: 1, answered: 20, messages: 0, isTimed: false)
        let tally = try #require(recorder.tally(of: .sendMessage))
        #expect(tally.empty == 1)
        #expect(tally.requests == 1)
        #expect(tally.latencies.count == 0)
    }

    @Test func `errors are counted apart, at any time, and the first one is kept`() {
        let recorder = Recorder(start: 100, end: 200)
        recorder.recordError("first")
        recorder.recordError("second", count: 3)
        #expect(recorder.errors == 4)
        #expect(recorder.firstError == "first")
        #expect(recorder.allRequests == 0)
    }
}
