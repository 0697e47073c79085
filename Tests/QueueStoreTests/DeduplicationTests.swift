import Crypto
import QueueModel
import QueueStore
import TestSupport
import Testing

/// Sends that are recognised, and receives that are repeated. Reference: 7.2, 7.5.
struct DeduplicationTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q.fifo")
    }

    private func send(_ body: String, id: String? = "d", group: String = "g") throws -> SentMessage {
        try fixture.send(body, to: queue, group: group, deduplicationID: id)
    }

    @Test func `a duplicate is answered like the first send and leaves no message`() throws {
        let first = try send("a")
        #expect(try send("b") == first)
        #expect(try fixture.receiveTexts(from: queue) == ["a"])
    }

    @Test func `duplicates within one batch are found`() throws {
        let batch = ["a", "b"].map { OutgoingMessage($0, group: "g", deduplicationID: "d") }
        let results = try fixture.perform(SendMessages(to: queue, batch, isBatch: true))
        #expect(results[0] == results[1])
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    @Test func `an id is new again five minutes after the first send, whatever came since`() throws {
        let first = try send("a")
        fixture.advance(milliseconds: 299_999)
        #expect(try send("b") == first)
        fixture.advance(milliseconds: 1)
        let second = try send("c")
        #expect(second != first)
        #expect(try send("d") == second)
        #expect(try fixture.counts(queue) == [2, 0, 0])
    }

    @Test func `an id is remembered after the delete of its message and across a crash`() throws {
        let first = try send("a")
        try fixture.delete(try fixture.receive(from: queue)[0], from: queue)
        try fixture.crash()
        #expect(try send("b") == first)
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    @Test func `a purge forgets the ids`() throws {
        let first = try send("a")
        try fixture.perform(PurgeQueue(name: queue))
        #expect(try send("b") != first)
        #expect(try fixture.receiveTexts(from: queue) == ["b"])
    }

    @Test func `each queue has its own ids`() throws {
        _ = try send("a")
        let other = try fixture.createQueue("other.fifo")
        try fixture.send("b", to: other, group: "g", deduplicationID: "d")
        #expect(try fixture.counts(other) == [1, 0, 0])
    }

    @Test func `in the scope of the queue the group does not matter, in that of the group it does`() throws {
        let first = try send("a", group: "g1")
        #expect(try send("b", group: "g2") == first)
        try fixture.setAttributes(of: queue, ["DeduplicationScope": "messageGroup"])
        let second = try send("c", group: "g1")
        #expect(second != first)
        let third = try send("d", group: "g2")
        #expect(third != second)
        #expect(try send("e", group: "g2") == third)
        #expect(try fixture.counts(queue) == [3, 0, 0])
    }

    @Test(
        "content counts as the SHA-256 of the body where no id is given",
        arguments: [
            ("same", "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"),
            ("Test", "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25"),
        ])
    func content(body: String, id: String) throws {
        try fixture.setAttributes(of: queue, ["ContentBasedDeduplication": "true"])
        let first = try send(body, id: nil)
        var withAttributes = OutgoingMessage(body, group: "g")
        withAttributes.attributes = [1]
        let second = try fixture.perform(SendMessages(to: queue, [withAttributes], isBatch: false))[0].get()
        #expect(second == first)
        #expect(try send(body, id: "own") != first)
        #expect(try fixture.receive(from: queue).map(\.deduplicationID) == [id, "own"])
        try fixture.setAttributes(of: queue, ["ContentBasedDeduplication": "false"])
        #expect(throws: QueueError.self) { try send(body, id: nil) }
    }

    @Test func `a message too long is refused before it is recognised as a duplicate`() throws {
        _ = try send("a")
        var long = OutgoingMessage("a", group: "g", deduplicationID: "d")
        long.size = Limits.messageBytesMax + 1
        let results = try fixture.perform(SendMessages(to: queue, [long], isBatch: false))
        #expect(results == [.failure(.messageTooLong(limit: Limits.messageBytesMax))])
    }

    @Test func `records are swept when their time is over`() throws {
        _ = try send("a", id: "1")
        fixture.advance(seconds: 1)
        _ = try send("b", id: "2")
        _ = try fixture.receive(from: queue, attempt: "x")
        let first = try fixture.removeExpiredRecords()
        #expect(first.count == 0)
        #expect(first.nextDue == fixture.now.adding(seconds: 299))
        fixture.advance(seconds: 299)
        #expect(try fixture.removeExpiredRecords().count == 1)
        fixture.advance(seconds: 1)
        let last = try fixture.removeExpiredRecords()
        #expect(last.count == 3)
        #expect(last.nextDue == nil)
    }

    // MARK: Receive attempts

    private var notRetryable: QueueError {
        .invalidValue(
            "x", of: "ReceiveRequestAttemptId",
            reason: "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.")
    }

    private func receive(timeout: Int? = nil, attempt: String? = "x") throws -> [ReceivedMessage] {
        try fixture.receive(from: queue, timeout: timeout, attempt: attempt)
    }

    @Test func `a repeated attempt gives the same messages and handles, and starts their timeouts anew`() throws {
        _ = try send("a", id: "1")
        _ = try send("b", id: "2", group: "h")
        let first = try receive()
        #expect(first.count == 2)
        fixture.advance(seconds: 20)
        try fixture.crash()
        #expect(try receive() == first)
        #expect(try fixture.counts(queue) == [0, 2, 0])
        fixture.advance(seconds: 20)
        try fixture.makeDueVisible()
        #expect(try receive(attempt: nil).isEmpty)
        #expect(try receive() == first)
        for message in first { try fixture.delete(message, from: queue) }
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    @Test(
        "an attempt whose messages were deleted, changed or received again cannot be repeated", arguments: [0, 1, 2])
    func touched(how: Int) throws {
        _ = try send("a", id: "1")
        _ = try send("b", id: "2")
        let first = try receive()
        switch how {
        case 0: try fixture.delete(first[0], from: queue)
        case 1: try fixture.changeVisibility(of: first[1], in: queue, to: 100)
        default:
            fixture.advance(seconds: 30)
            try fixture.makeDueVisible()
            #expect(try receive(attempt: "other").count == 2)
        }
        #expect(throws: notRetryable) { try receive() }
    }

    @Test func `an attempt whose messages have expired cannot be repeated`() throws {
        _ = try send("a", id: "1")
        _ = try receive(timeout: 1000)
        try fixture.setAttributes(of: queue, ["MessageRetentionPeriod": "60"])
        fixture.advance(seconds: 61)
        #expect(throws: notRetryable) { try receive() }
    }

    @Test("an attempt whose messages have timed out is a new receive", arguments: [30, 0])
    func timedOut(timeout: Int) throws {
        _ = try send("a")
        let first = try receive(timeout: timeout)
        fixture.advance(seconds: timeout)
        try fixture.makeDueVisible()
        let second = try receive(timeout: timeout)
        #expect(second.map(\.receiveCount) == [2])
        #expect(second != first)
    }

    @Test func `an attempt that got nothing is a new receive`() throws {
        #expect(try receive().isEmpty)
        _ = try send("a")
        #expect(try receive().count == 1)
    }

    @Test func `an attempt is forgotten after five minutes and by a purge`() throws {
        _ = try send("a", id: "1")
        _ = try receive(timeout: 600)
        fixture.advance(seconds: 300)
        #expect(try receive().isEmpty)
        _ = try send("b", id: "2", group: "h")
        #expect(try receive().count == 1)
        try fixture.perform(PurgeQueue(name: queue))
        #expect(try receive().isEmpty)
    }

    @Test func `other attempts and queues know nothing of an attempt`() throws {
        _ = try send("a")
        _ = try receive()
        #expect(try receive(attempt: "y").isEmpty)
        let other = try fixture.createQueue("other.fifo")
        #expect(try fixture.receive(from: other, attempt: "x").isEmpty)
    }

    @Test func `standard queues know no attempts`() throws {
        let standard = try fixture.createQueue("standard")
        #expect(
            throws: QueueError.invalidValue(
                "x", of: "ReceiveRequestAttemptId",
                reason: "The request include parameter that is not valid for this queue type.")
        ) { try fixture.receive(from: standard, attempt: "x") }
    }
}
