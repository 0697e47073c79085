import QueueModel
import Testing

@testable import QueueEngine

/// Messages that were handed out and whose answers are not made yet.
struct ReceivedMemoryTests {
    let fixture: EngineFixture
    let queue: QueueName

    init() throws {
        var options = EngineOptions()
        // A message takes its length and what is made around it: two of those of the tests are more than this.
        options.receivedBytesMax = 1000
        fixture = try EngineFixture(options: options)
        queue = try fixture.createQueue("q")
    }

    private func sendLongMessages(_ count: Int) throws {
        for _ in 0..<count { try fixture.send(String(repeating: "x", count: 60), to: queue) }
    }

    @Test func `receives wait while the memory is used up, and go on when answers have been made`() throws {
        try sendLongMessages(3)
        let first = fixture.poll(queue, limit: 1, wait: 0)
        var second: Receiver? = Receiver(
            name: queue, limit: 1, visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: 0
        ) { _ in }
        fixture.run([ReceiveJob(receiver: try #require(second))])
        let waiting = fixture.poll(queue, limit: 1, wait: 0)
        #expect(first.messages?.count == 1)
        #expect(second?.received.count == 1)
        #expect(waiting.result == nil)
        // It is tried again soon, but not without a pause.
        #expect(fixture.due == fixture.now.adding(milliseconds: 1))
        second = nil
        fixture.advance(milliseconds: 1)
        #expect(waiting.messages?.count == 1)
    }

    @Test func `long polls that are parked wait too`() throws {
        let polls = (0..<3).map { _ in fixture.poll(queue, limit: 1) }
        try sendLongMessages(3)
        #expect(polls.map { $0.messages?.count } == [1, 1, nil])
        #expect(fixture.due == fixture.now.adding(milliseconds: 1))
    }

    @Test func `what is handed out again takes the place of what it was`() {
        let memory = ReceivedMemory(limit: 100)
        do {
            let bytes = ReceivedBytes()
            bytes.charge(100, to: memory)
            #expect(memory.isUsedUp)
            bytes.charge(60, to: memory)
            #expect(!memory.isUsedUp)
            bytes.charge(100, to: memory)
        }
        #expect(!memory.isUsedUp)
    }
}
