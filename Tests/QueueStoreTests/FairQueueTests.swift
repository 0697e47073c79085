import QueueModel
import QueueStore
import TestSupport
import Testing

/// Message groups on standard queues: who has many messages in flight waits behind those who have few. Reference: 7.7.
struct FairQueueTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q")
        fixture.checksInvariants = false
    }

    private func send(_ count: Int, from group: String?) throws {
        for number in 1...count { try fixture.send("\(group ?? "none")-\(number)", to: queue, group: group) }
    }

    private func receive(_ count: Int) throws -> [ReceivedMessage] {
        try (0..<count).flatMap { _ in try fixture.receive(from: queue, 1) }
    }

    @Test func `groups neither lock nor deduplicate, and their messages come in the order of the sends`() throws {
        try fixture.send("a1", to: queue, group: "a")
        try fixture.send("none", to: queue)
        try fixture.send("b1", to: queue, group: "b")
        try fixture.send("a1", to: queue, group: "a")
        let received = try fixture.receive(from: queue)
        #expect(received.map(\.text) == ["a1", "none", "b1", "a1"])
        #expect(received.map(\.groupID) == ["a", nil, "b", "a"])
        try fixture.changeVisibility(of: received[0], in: queue, to: 0)
        #expect(try fixture.receiveTexts(from: queue) == ["a1"])
        try fixture.checkInvariants()
    }

    @Test func `a quiet group does not wait behind a noisy one`() throws {
        try send(100, from: "noisy")
        #expect(try receive(35).allSatisfy { $0.groupID == "noisy" })
        try send(3, from: "quiet")
        try send(2, from: nil)
        let next = try receive(8).map(\.groupID)
        #expect(next == ["quiet", "quiet", "quiet", nil, nil, "noisy", "noisy", "noisy"])
        try fixture.checkInvariants()
    }

    @Test func `with less than thirty in flight nobody is noisy`() throws {
        try send(40, from: "busy")
        _ = try receive(29)
        try send(1, from: "quiet")
        #expect(try receive(2).map(\.groupID) == ["busy", "quiet"])
    }

    @Test func `a group with a tenth or less of all in flight is not noisy`() throws {
        try send(300, from: nil)
        _ = try receive(300)
        try send(40, from: "one of many")
        _ = try receive(30)
        try send(1, from: "quiet")
        #expect(try receive(1).map(\.groupID) == ["one of many"])
    }

    @Test func `a group is quiet again when its messages are deleted`() throws {
        try send(60, from: "noisy")
        let received = try receive(40)
        try send(2, from: "quiet")
        #expect(try receive(1).map(\.groupID) == ["quiet"])
        for message in received { try fixture.delete(message, from: queue) }
        #expect(try receive(1).map(\.groupID) == ["noisy"])
        try fixture.checkInvariants()
    }

    @Test func `a noisy group alone is served as ever`() throws {
        try send(100, from: "noisy")
        #expect(try receive(100).map(\.text) == (1...100).map { "noisy-\($0)" })
        #expect(try fixture.receive(from: queue).isEmpty)
    }

    @Test func `messages of a noisy group that come back still wait behind others`() throws {
        try send(60, from: "noisy")
        let received = try receive(50)
        for message in received.prefix(10) { try fixture.changeVisibility(of: message, in: queue, to: 0) }
        try send(1, from: "quiet")
        #expect(try receive(2).map(\.text) == ["quiet-1", "noisy-1"])
        try fixture.checkInvariants()
    }

    @Test func `who is noisy is known after a crash`() throws {
        try send(60, from: "noisy")
        _ = try receive(40)
        try send(1, from: "quiet")
        try fixture.crash()
        #expect(try receive(2).map(\.groupID) == ["quiet", "noisy"])
    }

    /// One consumer handles a message a second; a quiet tenant sends every ten seconds, a noisy one had sent hundreds.
    @Test("a noisy group does not add to the waiting time of quiet ones", arguments: [false, true])
    func waitingTime(isNoisy: Bool) throws {
        if isNoisy { try send(400, from: "noisy") }
        _ = try fixture.receive(from: queue, 10, timeout: 3600)
        _ = try fixture.receive(from: queue, 10, timeout: 3600)
        _ = try fixture.receive(from: queue, 10, timeout: 3600)
        var waitedMilliseconds: [Int64] = []
        for second in 0..<100 {
            if second % 10 == 0 { try fixture.send("quiet", to: queue, group: "quiet") }
            fixture.advance(seconds: 1)
            for message in try fixture.receive(from: queue, 1, timeout: 3600) where message.groupID == "quiet" {
                waitedMilliseconds.append(fixture.now.since(message.sentAt))
                try fixture.delete(message, from: queue)
            }
        }
        #expect(waitedMilliseconds == [Int64](repeating: 1000, count: 10))
    }
}
