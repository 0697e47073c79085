import Crypto
import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// Sending, receiving and the visibility timeout on standard queues. Reference: 2.16, 2.18, 3.2, 3.6, 4.1, 4.6, 4.7,
/// 5.2, 9.1.
struct MessageTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture(inFlightMax: 5)
        queue = try fixture.createQueue("q")
    }

    // MARK: Send

    @Test func `a message comes back as it was sent`() throws {
        var message = OutgoingMessage("hello\r\n\"ö\"")
        message.attributes = [1, 2, 3]
        message.traceHeader = "Root=1"
        message.groupID = "tenant"
        let sent = try fixture.perform(SendMessages(to: queue, [message], isBatch: false))[0].get()
        #expect(sent.sequenceNumber == nil)
        let sentAt = fixture.now
        fixture.advance(seconds: 1)
        try fixture.reopen()
        let received = try fixture.receive(from: queue)
        try #require(received.count == 1)
        #expect(received[0].id == sent.id)
        #expect(received[0].body == message.body)
        #expect(received[0].bodyMD5 == message.bodyMD5)
        #expect(received[0].attributes == [1, 2, 3])
        #expect(received[0].traceHeader == "Root=1")
        #expect(received[0].groupID == "tenant")
        #expect(received[0].deduplicationID == nil)
        #expect(received[0].sequenceNumber == nil)
        #expect(received[0].deadLetterSourceARN == nil)
        #expect(received[0].sentAt == sentAt)
        #expect(received[0].firstReceivedAt == fixture.now)
        #expect(received[0].receiveCount == 1)
    }

    @Test func `messages of the queue's maximum size pass, one byte more does not`() throws {
        try fixture.setAttributes(of: queue, ["MaximumMessageSize": "1024"])
        var message = OutgoingMessage("x")
        message.size = 1024
        _ = try fixture.perform(SendMessages(to: queue, [message], isBatch: false))[0].get()
        message.size = 1025
        let refused = try fixture.perform(SendMessages(to: queue, [message], isBatch: false))
        #expect(refused == [.failure(.messageTooLong(limit: 1024))])
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    @Test func `an entry of a batch fails alone`() throws {
        try fixture.setAttributes(of: queue, ["MaximumMessageSize": "1024"])
        var long = OutgoingMessage("long")
        long.size = 1025
        let withID = OutgoingMessage("id", deduplicationID: "d")
        let batch = [OutgoingMessage("a"), long, OutgoingMessage("b"), withID, OutgoingMessage("c")]
        let results = try fixture.perform(SendMessages(to: queue, batch, isBatch: true))
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true, false, true])
        #expect(
            results[3]
                == .failure(
                    .invalidValue(
                        "d", of: "MessageDeduplicationId",
                        reason: "The request include parameter that is not valid for this queue type.")))
        #expect(try fixture.receiveTexts(from: queue) == ["a", "b", "c"])
    }

    @Test func `a delayed message is counted as delayed, and visible at the end of its delay`() throws {
        try fixture.send("later", to: queue, delay: 10)
        #expect(try fixture.counts(queue) == [0, 0, 1])
        fixture.advance(milliseconds: 9_999)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).isEmpty)
        fixture.advance(milliseconds: 1)
        try fixture.makeDueVisible()
        #expect(try fixture.counts(queue) == [1, 0, 0])
        #expect(try fixture.receiveTexts(from: queue) == ["later"])
    }

    @Test func `of messages sent one after the other, those become visible whose time has come`() throws {
        for body in ["a", "b", "c", "d", "e"] { try fixture.send(body, to: queue) }
        let received = try fixture.receive(from: queue, timeout: 1)
        try fixture.delete(received[1], from: queue)
        try fixture.changeVisibility(of: received[2], in: queue, to: 100)
        fixture.advance(seconds: 1)
        #expect(try fixture.makeDueVisible().count == 3)
        #expect(try fixture.counts(queue) == [3, 1, 0])
        try fixture.checkInvariants()
        #expect(try fixture.receiveTexts(from: queue) == ["a", "d", "e"])
    }

    @Test func `a message's own delay wins over the queue's, zero included`() throws {
        try fixture.setAttributes(of: queue, ["DelaySeconds": "10"])
        try fixture.send("now", to: queue, delay: 0)
        try fixture.send("queue's", to: queue)
        try fixture.send("own", to: queue, delay: 5)
        #expect(try fixture.receiveTexts(from: queue) == ["now"])
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["own"])
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["queue's"])
    }

    @Test func `a new delay of a standard queue is for later messages only`() throws {
        try fixture.setAttributes(of: queue, ["DelaySeconds": "10"])
        try fixture.send("before", to: queue)
        try fixture.setAttributes(of: queue, ["DelaySeconds": "0"])
        #expect(try fixture.counts(queue) == [0, 0, 1])
        fixture.advance(seconds: 10)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["before"])
    }

    // MARK: Receive

    @Test func `messages come in the order they were sent, up to the limit`() throws {
        for body in ["a", "b", "c", "d"] { try fixture.send(body, to: queue) }
        #expect(try fixture.receiveTexts(from: queue, 3) == ["a", "b", "c"])
        #expect(try fixture.receiveTexts(from: queue, 3) == ["d"])
        #expect(try fixture.receiveTexts(from: queue, 3) == [])
        #expect(try fixture.counts(queue) == [0, 4, 0])
    }

    @Test func `messages that were hidden before stand in the same order as those that were not`() throws {
        try fixture.send("delayed", to: queue, delay: 1)
        for body in ["a", "b", "c"] { try fixture.send(body, to: queue) }
        let first = try fixture.receive(from: queue, 1)
        #expect(first.map(\.text) == ["a"])
        try fixture.send("delayed too", to: queue, delay: 1)
        try fixture.send("d", to: queue)
        fixture.advance(seconds: 1)
        try fixture.makeDueVisible()
        try fixture.reopen()
        #expect(try fixture.receiveTexts(from: queue, 2) == ["delayed", "b"])
        try fixture.changeVisibility(of: first[0], in: queue, to: 0)
        #expect(try fixture.receiveTexts(from: queue, 2) == ["a", "c"])
        #expect(try fixture.receiveTexts(from: queue) == ["delayed too"])
    }

    @Test func `a message not deleted comes again when its visibility timeout is over`() throws {
        try fixture.send("a", to: queue)
        let first = try fixture.receive(from: queue)[0]
        let firstReceivedAt = fixture.now
        fixture.advance(milliseconds: 29_999)
        #expect(try fixture.makeDueVisible() == SweepResult(count: 0, nextDue: fixture.now.adding(milliseconds: 1)))
        #expect(try fixture.receive(from: queue).isEmpty)
        fixture.advance(milliseconds: 1)
        #expect(try fixture.makeDueVisible() == SweepResult(count: 1, nextDue: nil))
        #expect(try fixture.counts(queue) == [1, 0, 0])
        let second = try fixture.receive(from: queue)[0]
        #expect(second.id == first.id)
        #expect(second.receiveCount == 2)
        #expect(second.firstReceivedAt == firstReceivedAt)
        #expect(second.handle != first.handle)
    }

    @Test func `a receive's own timeout wins over the queue's, and not for the next receive`() throws {
        try fixture.send("a", to: queue)
        _ = try fixture.receive(from: queue, timeout: 5)
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["a"])
        fixture.advance(seconds: 29)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).isEmpty)
        fixture.advance(seconds: 1)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["a"])
    }

    @Test func `a receive with timeout zero counts, gives a handle once for each message, and hides nothing`() throws {
        try fixture.send("a", to: queue)
        try fixture.send("b", to: queue)
        let first = try fixture.receive(from: queue, timeout: 0)
        #expect(first.map(\.text) == ["a", "b"])
        #expect(try fixture.counts(queue) == [2, 0, 0])
        let second = try fixture.receive(from: queue, 1, timeout: 0)
        #expect(second[0].receiveCount == 2)
        #expect(second[0].handle != first[0].handle)
        try fixture.delete(first[0], from: queue)
        #expect(try fixture.receiveTexts(from: queue) == ["b"])
    }

    @Test func `a large sweep is done in batches that say when to go on`() throws {
        for number in 1...7 { try fixture.send("\(number)", to: queue, delay: number) }
        fixture.advance(seconds: 6)
        let first = try fixture.makeDueVisible(limit: 4)
        #expect(first.count == 4)
        #expect(try #require(first.nextDue) <= fixture.now)
        #expect(try fixture.makeDueVisible(limit: 4) == SweepResult(count: 2, nextDue: fixture.now.adding(seconds: 1)))
    }

    // MARK: In-flight limit

    @Test func `a short poll beyond the in-flight limit is refused, a long poll gets nothing`() throws {
        for number in 1...7 { try fixture.send("\(number)", to: queue) }
        #expect(try fixture.receiveTexts(from: queue) == ["1", "2", "3", "4", "5"])
        #expect(
            throws: QueueError.overLimit(
                message: "Too many messages have been received without being deleted.\n"
                    + "Please delete your received messages or let them timeout before receiving more.")
        ) { try fixture.receive(from: queue) }
        #expect(try fixture.receive(from: queue, waits: true).isEmpty)
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue, 1) == ["1"])
    }

    @Test func `a delete that makes room below the in-flight limit is news to those who wait`() throws {
        for number in 1...6 { try fixture.send("\(number)", to: queue) }
        let received = try fixture.receive(from: queue)
        let delete = DeleteMessages(from: queue, [received[0].presented])
        let id = try fixture.id(of: queue)
        let news = try fixture.batch { _ = $0.perform(delete) }
        #expect(news.availableQueues == [id])
        #expect(try fixture.receiveTexts(from: queue) == ["6"])
    }

    @Test func `a FIFO queue at the in-flight limit hands out nothing, without an error`() throws {
        let fifo = try fixture.createQueue("q.fifo", ["ContentBasedDeduplication": "true"])
        for number in 1...7 { try fixture.send("\(number)", to: fifo, group: "g\(number)") }
        #expect(try fixture.receive(from: fifo).count == 5)
        #expect(try fixture.receive(from: fifo).isEmpty)
    }

    // MARK: News

    @Test func `a send is news to those who wait, a delayed one to the schedule`() throws {
        let id = try fixture.id(of: queue)
        let send = SendMessages(to: queue, [OutgoingMessage("a")], isBatch: false)
        #expect(try fixture.batch { _ = $0.perform(send) }.availableQueues == [id])
        let delayed = SendMessages(to: queue, [OutgoingMessage("a", delay: 9)], isBatch: false)
        let news = try fixture.batch { _ = $0.perform(delayed) }
        #expect(news.availableQueues.isEmpty)
        #expect(news.nextVisibleAt == fixture.now.adding(seconds: 9))
        #expect(news.queuesWithArrivals == [id])
    }
}
