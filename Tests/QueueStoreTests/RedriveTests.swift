import QueueModel
import QueueStore
import TestSupport
import Testing

/// Dead-letter queues: setting them, the move at the receive that would be one too many, and the sweep where nobody
/// receives. Reference: 4.7, 6.1 to 6.3.
struct RedriveTests {
    let fixture: StoreFixture
    let dead: QueueName
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        dead = try fixture.createQueue("dead")
        queue = try fixture.createQueue("q", redrive(to: dead, after: 2))
    }

    /// Receives everything so often, and lets it become visible again.
    private func receive(from queue: QueueName, times: Int) throws {
        for _ in 0..<times { _ = try fixture.receive(from: queue, timeout: 0) }
    }

    /// A FIFO queue with messages of one group, and its dead-letter queue, into which they belong after one receive.
    private func fifoGroup(_ bodies: [String]) throws -> (queue: QueueName, dead: QueueName) {
        let dead = try fixture.createQueue("dead.fifo")
        let queue = try fixture.createQueue("q.fifo", redrive(to: dead, after: 1))
        for body in bodies { try fixture.send(body, to: queue, group: "g", deduplicationID: body) }
        return (queue, dead)
    }

    // MARK: The move

    @Test("no more than four of the largest messages of a FIFO queue are moved in one step", arguments: [false, true])
    func ofTheLargest(bySweep: Bool) throws {
        let deadFIFO = try fixture.createQueue("dead.fifo")
        let fifo = try fixture.createQueue("q.fifo", redrive(to: deadFIFO, after: 1))
        let body = String(repeating: "x", count: 1_048_576)
        for number in 0..<8 { try fixture.send(body, to: fifo, group: "\(number)", deduplicationID: "\(number)") }
        try receive(from: fifo, times: 1)
        fixture.advance(seconds: 60)
        for moved in [4, 8] {
            if bySweep {
                #expect(try fixture.moveExhausted(from: fifo).nextDue == fixture.now)
            } else {
                #expect(try fixture.receive(from: fifo).isEmpty)
            }
            #expect(try fixture.counts(deadFIFO) == [moved, 0, 0])
        }
    }

    @Test func `a message is handed out as often as its policy allows, then moved by the next receive`() throws {
        let sent = try fixture.send("a", to: queue)
        let sentAt = fixture.now
        for count in 1...2 {
            #expect(try fixture.receive(from: queue).map(\.receiveCount) == [count])
            fixture.advance(seconds: 30)
            try fixture.makeDueVisible()
        }
        #expect(try fixture.counts(queue) == [1, 0, 0])
        #expect(try fixture.counts(dead) == [0, 0, 0])
        #expect(try fixture.receive(from: queue).isEmpty)
        #expect(try fixture.counts(queue) == [0, 0, 0])
        #expect(try fixture.counts(dead) == [1, 0, 0])
        let moved = try fixture.receive(from: dead)[0]
        #expect(moved.id == sent.id)
        #expect(moved.text == "a")
        #expect(moved.receiveCount == 3)
        #expect(moved.sentAt == sentAt)
        #expect(moved.firstReceivedAt == sentAt)
        #expect(moved.deadLetterSourceARN == queue.arn)
    }

    @Test func `one receive moves several messages and still hands out others, up to its limit`() throws {
        for body in ["a", "b", "c"] { try fixture.send(body, to: queue) }
        try receive(from: queue, times: 2)
        for body in ["d", "e", "f"] { try fixture.send(body, to: queue) }
        #expect(try fixture.receiveTexts(from: queue, 2) == ["d", "e"])
        #expect(try fixture.counts(queue) == [1, 2, 0])
        #expect(try fixture.receiveTexts(from: dead) == ["a", "b", "c"])
    }

    @Test func `a move is news to those who wait at the dead-letter queue`() throws {
        try fixture.send("a", to: queue)
        try receive(from: queue, times: 2)
        let receive = ReceiveMessages(from: queue, limit: 1)
        let id = try fixture.id(of: dead)
        #expect(try fixture.batch { _ = $0.perform(receive) }.availableQueues == [id])
    }

    @Test func `each queue of a chain allows its own number of receives`() throws {
        let last = try fixture.createQueue("last")
        try fixture.setAttributes(of: dead, redrive(to: last, after: 2))
        try fixture.send("a", to: queue)
        try receive(from: queue, times: 3)
        #expect(try fixture.receive(from: dead, timeout: 0).map(\.receiveCount) == [3])
        #expect(try fixture.receive(from: dead, timeout: 0).map(\.receiveCount) == [4])
        #expect(try fixture.receive(from: dead, timeout: 0).isEmpty)
        let moved = try fixture.receive(from: last)
        #expect(moved.map(\.receiveCount) == [5])
        #expect(moved.map(\.deadLetterSourceARN) == [dead.arn])
    }

    @Test func `a queue that is its own dead-letter queue goes on handing its messages out`() throws {
        try fixture.setAttributes(of: queue, redrive(to: queue, after: 1))
        try fixture.send("a", to: queue)
        for count in 1...4 { #expect(try fixture.receive(from: queue, timeout: 0).map(\.receiveCount) == [count]) }
    }

    @Test func `where the dead-letter queue is gone, messages are handed out on`() throws {
        try fixture.send("a", to: queue)
        try fixture.perform(DeleteQueue(name: dead))
        for count in 1...4 {
            let received = try fixture.receive(from: queue, timeout: 0)
            #expect(received.map(\.receiveCount) == [count])
            #expect(received.map(\.isOverdue) == [count > 2])
        }
        fixture.advance(seconds: 60)
        try fixture.createQueue("dead")
        #expect(try fixture.receive(from: queue).isEmpty)
        #expect(try fixture.counts(dead) == [1, 0, 0])
    }

    @Test func `without the policy messages are handed out on, and a new one counts what was before`() throws {
        try fixture.send("a", to: queue)
        try receive(from: queue, times: 2)
        try fixture.setAttributes(of: queue, ["RedrivePolicy": ""])
        #expect(try fixture.receive(from: queue, timeout: 0).map(\.receiveCount) == [3])
        try fixture.setAttributes(of: queue, redrive(to: dead, after: 3))
        #expect(try fixture.receive(from: queue).isEmpty)
        #expect(try fixture.counts(dead) == [1, 0, 0])
    }

    @Test func `a message sent to a dead-letter queue has no source`() throws {
        try fixture.send("a", to: dead)
        #expect(try fixture.receive(from: dead)[0].deadLetterSourceARN == nil)
    }

    @Test func `moved messages stay moved after a crash`() throws {
        try fixture.send("a", to: queue)
        try receive(from: queue, times: 3)
        try fixture.crash()
        #expect(try fixture.counts(queue) == [0, 0, 0])
        #expect(try fixture.receive(from: dead).map(\.receiveCount) == [3])
    }

    @Test func `a moved message of a group stands before later ones of its group`() throws {
        try fixture.send("old", to: queue, group: "g")
        for body in ["1", "2"] { try fixture.send(body, to: dead, group: "g") }
        try fixture.send("other", to: dead, group: "h")
        try receive(from: queue, times: 3)
        #expect(try fixture.receiveTexts(from: dead) == ["old", "1", "2", "other"])
    }

    @Test func `a move keeps the time of the send, and the target's retention applies`() throws {
        try fixture.setAttributes(of: dead, ["MessageRetentionPeriod": "60"])
        try fixture.send("a", to: queue)
        fixture.advance(seconds: 59)
        try receive(from: queue, times: 3)
        #expect(try fixture.counts(dead) == [1, 0, 0])
        let name = dead
        fixture.advance(seconds: 1)
        #expect(try fixture.receive(from: name).isEmpty)
        #expect(try fixture.counts(dead) == [0, 0, 0])
    }

    // MARK: FIFO

    @Test func `a FIFO move gives a new number and time, keeps the group, and frees it in the source`() throws {
        let dead = try fixture.createQueue("dead.fifo", ["ContentBasedDeduplication": "true"])
        let queue = try fixture.createQueue("q.fifo", redrive(to: dead, after: 1))
        let sent = try fixture.send("same", to: queue, group: "g", deduplicationID: "d1")
        try fixture.send("next", to: queue, group: "g", deduplicationID: "d2")
        // The body is known to the dead-letter queue; the moved message must not be taken for a duplicate.
        let there = try fixture.send("same", to: dead, group: "g")
        _ = try fixture.receive(from: queue, 1, timeout: 0)
        fixture.advance(seconds: 5)
        #expect(try fixture.receiveTexts(from: queue) == ["next"])
        let moved = try fixture.receive(from: dead)
        try #require(moved.count == 2)
        #expect(moved[0].id == there.id)
        #expect(moved[1].id == sent.id)
        #expect(moved[1].groupID == "g")
        #expect(moved[1].deduplicationID == sent.id.text)
        #expect(moved[1].sentAt == fixture.now)
        #expect(try #require(moved[1].sequenceNumber) > #require(there.sequenceNumber))
        #expect(moved[1].receiveCount == 2)
        #expect(try fixture.counts(queue) == [0, 1, 0])
    }

    // MARK: The sweep

    @Test func `where nobody receives, exhausted messages are moved when their grace is over`() throws {
        for body in ["a", "b"] { try fixture.send(body, to: queue) }
        try receive(from: queue, times: 1)
        try fixture.send("fresh", to: queue)
        _ = try fixture.receive(from: queue, 2)
        fixture.advance(seconds: 30)
        let id = try fixture.id(of: queue)
        let news = try fixture.batch { _ = $0.perform(MakeDueMessagesVisible(limit: 10)) }
        #expect(news.queuesWithExhausted == [id])
        let visibleAt = fixture.now
        fixture.advance(seconds: 20)
        let early = try fixture.moveExhausted(from: queue)
        #expect(early.count == 0)
        #expect(early.nextDue == visibleAt.adding(seconds: 60))
        fixture.advance(seconds: 40)
        #expect(try fixture.moveExhausted(from: queue, limit: 1).nextDue == fixture.now)
        #expect(try fixture.moveExhausted(from: queue).count == 1)
        #expect(try fixture.receiveTexts(from: dead) == ["a", "b"])
        #expect(try fixture.receiveTexts(from: queue) == ["fresh"])
    }

    @Test func `the sweep is not misled by messages that used up their count elsewhere`() throws {
        let last = try fixture.createQueue("last")
        try fixture.setAttributes(of: dead, redrive(to: last, after: 1))
        for body in ["a", "b", "c"] { try fixture.send(body, to: queue) }
        try receive(from: queue, times: 3)
        #expect(try fixture.counts(dead) == [3, 0, 0])
        try fixture.send("own", to: dead)
        _ = try fixture.receive(from: dead, 3)
        let own = try fixture.receive(from: dead)[0]
        try fixture.changeVisibility(of: own, in: dead, to: 0)
        fixture.advance(seconds: 60)
        #expect(try fixture.moveExhausted(from: dead, limit: 2).count == 1)
        #expect(try fixture.receiveTexts(from: last) == ["own"])
    }

    @Test func `the sweep keeps the order of a FIFO group`() throws {
        let (queue, dead) = try fifoGroup(["1", "2", "3"])
        _ = try fixture.receive(from: queue, timeout: 0)
        try fixture.setAttributes(of: queue, redrive(to: dead, after: 2))
        _ = try fixture.receive(from: queue, 1, timeout: 0)
        try fixture.setAttributes(of: queue, redrive(to: dead, after: 1))
        fixture.advance(seconds: 60)
        #expect(try fixture.moveExhausted(from: queue).count == 3)
        #expect(try fixture.receiveTexts(from: dead) == ["1", "2", "3"])
    }

    @Test func `the sweep leaves a message behind one in flight where it is`() throws {
        let (queue, _) = try fifoGroup(["1", "2"])
        let received = try fixture.receive(from: queue, timeout: 300)
        try fixture.changeVisibility(of: received[1], in: queue, to: 0)
        fixture.advance(seconds: 100)
        let blocked = try fixture.moveExhausted(from: queue)
        #expect(blocked.count == 0)
        #expect(blocked.nextDue == fixture.now.adding(seconds: 60))
        try fixture.delete(received[0], from: queue)
        #expect(try fixture.moveExhausted(from: queue).count == 1)
    }

    @Test func `the sweep lets no message of a FIFO group overtake one whose grace is not over`() throws {
        let (queue, dead) = try fifoGroup(["1", "2"])
        let received = try fixture.receive(from: queue, timeout: 40)
        try fixture.changeVisibility(of: received[1], in: queue, to: 0)
        fixture.advance(seconds: 40)
        let visibleAt = fixture.now
        _ = try fixture.batch { _ = $0.perform(MakeDueMessagesVisible(limit: 10)) }
        fixture.advance(seconds: 20)
        let early = try fixture.moveExhausted(from: queue)
        #expect(early.count == 0)
        #expect(early.nextDue == visibleAt.adding(seconds: 60))
        fixture.advance(seconds: 40)
        #expect(try fixture.moveExhausted(from: queue).count == 2)
        #expect(try fixture.receiveTexts(from: dead) == ["1", "2"])
    }

    @Test func `the sweep leaves expired messages to the retention`() throws {
        try fixture.setAttributes(of: queue, ["MessageRetentionPeriod": "60"])
        try fixture.send("old", to: queue)
        try receive(from: queue, times: 2)
        fixture.advance(seconds: 60)
        #expect(try fixture.moveExhausted(from: queue).count == 0)
        #expect(try fixture.counts(dead) == [0, 0, 0])
    }

    @Test func `the sweep looks again while the dead-letter queue is missing`() throws {
        try fixture.send("a", to: queue)
        try receive(from: queue, times: 2)
        try fixture.perform(DeleteQueue(name: dead))
        fixture.advance(seconds: 60)
        let missing = try fixture.moveExhausted(from: queue)
        #expect(missing.count == 0)
        #expect(missing.nextDue == fixture.now.adding(seconds: 60))
        fixture.advance(seconds: 60)
        _ = try fixture.createQueue("dead")
        #expect(try fixture.moveExhausted(from: queue).count == 1)
    }

    @Test func `without a grace the sweep does not look again at once for what it cannot move`() throws {
        let (queue, _) = try fifoGroup(["1", "2"])
        let received = try fixture.receive(from: queue, timeout: 300)
        try fixture.changeVisibility(of: received[1], in: queue, to: 0)
        #expect(try fixture.moveExhausted(from: queue, graceMilliseconds: 0).nextDue == fixture.now.adding(seconds: 1))
    }

    @Test func `a policy set later is news of exhausted messages`() throws {
        let plain = try fixture.createQueue("plain")
        let id = try fixture.id(of: plain)
        let change = SetQueueAttributes(name: plain, attributes: try QueueAttributeChanges(redrive(to: dead, after: 1)))
        #expect(try fixture.batch { _ = $0.perform(change) }.queuesWithExhausted == [id])
    }

    // MARK: Setting the policy

    @Test func `the target must exist, in the same region, and be of the same type`() throws {
        try fixture.createQueue("fifo.fifo")
        let abroad = try fixture.createQueue("abroad", region: "eu-west-1")
        let missing = QueueName(account: "000000000000", region: "us-east-1", name: "missing")
        let fifo = QueueName(account: "000000000000", region: "us-east-1", name: "fifo.fifo")
        for (target, reason) in [
            (missing, "Dead letter target does not exist."), (abroad, "Dead letter target does not exist."),
            (fifo, "Dead-letter queue must be same type of queue as the source.."),
        ] {
            let attributes = redrive(to: target, after: 1)
            let given = attributes["RedrivePolicy"] ?? ""
            let error = QueueError.invalidValue(given, of: "RedrivePolicy", reason: reason)
            #expect(throws: error) { try fixture.setAttributes(of: queue, attributes) }
            #expect(throws: error) { try fixture.createQueue("new", attributes) }
        }
    }

    @Test(arguments: ["aws-cn", "nonsense", "a\\\"b"])
    func `a target in another partition does not exist`(partition: String) throws {
        let given = "{\"deadLetterTargetArn\":\"\(dead.arn)\",\"maxReceiveCount\":1}"
            .replacing("arn:aws:", with: "arn:\(partition):")
        #expect(
            throws: QueueError.invalidValue(
                given, of: "RedrivePolicy", reason: "Dead letter target does not exist.")
        ) { try fixture.setAttributes(of: queue, ["RedrivePolicy": given]) }
    }

    @Test(
        "the target's own policy says whose it is",
        arguments: [
            ("{\"redrivePermission\":\"allowAll\"}", true), ("{\"redrivePermission\":\"denyAll\"}", false),
            (byQueue("s"), true), (byQueue("other"), false),
        ])
    func allowed(policy: String, isAllowed: Bool) throws {
        try fixture.setAttributes(of: dead, ["RedriveAllowPolicy": policy])
        let source = try fixture.createQueue("s")
        if isAllowed {
            try fixture.setAttributes(of: source, redrive(to: dead, after: 1))
        } else {
            #expect(throws: QueueError.self) { try fixture.setAttributes(of: source, redrive(to: dead, after: 1)) }
        }
    }

    private static func byQueue(_ name: String) -> String {
        let arn = QueueName(account: "000000000000", region: "us-east-1", name: name).arn
        return "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"\(arn)\"]}"
    }
}
