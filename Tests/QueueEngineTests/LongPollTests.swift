import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

@testable import QueueEngine

/// Long polls: what wakes them, in what order, and how they end. Reference: 5.1.
struct LongPollTests {
    let engine: EngineFixture
    let queue: QueueName

    init() throws {
        engine = try EngineFixture()
        queue = try engine.createQueue("q")
        engine.settle()
    }

    // MARK: What wakes them

    @Test func `a poll of a queue with messages is answered at once, with what there is`() throws {
        try engine.send("a", to: queue)
        #expect(engine.poll(queue, limit: 10).texts == ["a"])
    }

    @Test func `a send wakes a poll in its own batch`() throws {
        let poll = engine.poll(queue)
        #expect(poll.result == nil)
        try engine.send("a", to: queue)
        #expect(poll.texts == ["a"])
        #expect(poll.answers == 1)
    }

    @Test func `a visibility timeout set to zero wakes a poll`() throws {
        try engine.send("a", to: queue)
        let message = try #require(engine.poll(queue).messages?.first)
        let poll = engine.poll(queue)
        try engine.changeVisibility(of: message, in: queue, to: 0)
        #expect(poll.texts == ["a"])
    }

    @Test func `the end of a visibility timeout wakes a poll, to the millisecond`() throws {
        try engine.send("a", to: queue)
        _ = engine.poll(queue, timeout: 5)
        let poll = engine.poll(queue)
        engine.advance(milliseconds: 4_999)
        #expect(poll.result == nil)
        #expect(engine.due == engine.now.adding(milliseconds: 1))
        engine.advance(milliseconds: 1)
        #expect(poll.texts == ["a"])
    }

    @Test func `the end of a delay wakes a poll`() throws {
        let poll = engine.poll(queue)
        try engine.send("a", to: queue, delay: 3)
        #expect(poll.result == nil)
        engine.advance(seconds: 3)
        #expect(poll.texts == ["a"])
    }

    @Test func `a move into a dead-letter queue wakes a poll there, also when a waiting poll makes it`() throws {
        let dead = try engine.createQueue("dead")
        let source = try engine.createQueue("source", redrive(to: dead, after: 1))
        try engine.send("a", to: source)
        _ = engine.poll(source, timeout: 5)
        let there = engine.poll(dead)
        let here = engine.poll(source)
        engine.advance(seconds: 5)
        #expect(there.texts == ["a"])
        #expect(here.result == nil)
    }

    @Test func `a move along a chain of queues wakes the polls of each`() throws {
        let last = try engine.createQueue("last")
        let middle = try engine.createQueue("middle", redrive(to: last, after: 1))
        let first = try engine.createQueue("first", redrive(to: middle, after: 1))
        try engine.send("a", to: first)
        let waiting = [last, middle, first].map { engine.poll($0, timeout: 2) }
        #expect(waiting[2].texts == ["a"])
        let again = engine.poll(first, timeout: 2)
        engine.advance(seconds: 2)
        #expect(waiting[1].texts == ["a"])
        let middleAgain = engine.poll(middle, timeout: 2)
        engine.advance(seconds: 2)
        #expect(waiting[0].texts == ["a"])
        #expect(again.result == nil)
        #expect(middleAgain.result == nil)
    }

    @Test func `a delete that frees a FIFO group wakes a poll`() throws {
        let fifo = try engine.createQueue("q.fifo")
        for body in ["1", "2"] { try engine.send(body, to: fifo, group: "g") }
        let first = try #require(engine.poll(fifo, limit: 1).messages?.first)
        let poll = engine.poll(fifo)
        #expect(poll.result == nil)
        try engine.delete(first, from: fifo)
        #expect(poll.texts == ["2"])
    }

    @Test func `the retention of a FIFO group's head wakes a poll for those behind it`() throws {
        let fifo = try engine.createQueue("q.fifo", ["MessageRetentionPeriod": "60"])
        try engine.send("1", to: fifo, group: "g")
        _ = engine.poll(fifo, timeout: 600)
        engine.advance(seconds: 50)
        try engine.send("2", to: fifo, group: "g")
        let poll = engine.poll(fifo)
        engine.advance(seconds: 10)
        #expect(poll.texts == ["2"])
    }

    @Test func `a shorter delay of a FIFO queue wakes a poll`() throws {
        let fifo = try engine.createQueue("q.fifo", ["DelaySeconds": "100"])
        try engine.send("1", to: fifo, group: "g")
        let poll = engine.poll(fifo)
        try engine.perform(
            SetQueueAttributes(name: fifo, attributes: try QueueAttributeChanges(["DelaySeconds": "0"])))
        #expect(poll.texts == ["1"])
    }

    @Test func `messages moved by the sweeper wake a poll of the dead-letter queue`() throws {
        let dead = try engine.createQueue("dead")
        let source = try engine.createQueue("source", redrive(to: dead, after: 1))
        try engine.send("a", to: source)
        _ = engine.poll(source, timeout: 5)
        engine.advance(seconds: 5)
        engine.advance(seconds: 55)
        let poll = engine.poll(dead)
        engine.advance(milliseconds: 4_999)
        #expect(poll.result == nil)
        engine.advance(milliseconds: 1)
        #expect(poll.texts == ["a"])
    }

    @Test func `a delete that makes room below the in-flight limit wakes a poll`() throws {
        let engine = try EngineFixture(inFlightMax: 2)
        let queue = try engine.createQueue("q")
        for body in ["a", "b", "c"] { try engine.send(body, to: queue) }
        let messages = try #require(engine.poll(queue).messages)
        let poll = engine.poll(queue)
        #expect(poll.result == nil)
        #expect(engine.poll(queue, wait: 0).error.map { if case .overLimit = $0 { true } else { false } } == true)
        try engine.delete(messages[0], from: queue)
        #expect(poll.texts == ["c"])
    }

    // MARK: Order

    @Test func `polls are served in the order they came, each message to one`() throws {
        let polls = (0..<4).map { _ in engine.poll(queue, limit: 1) }
        let batch = ["a", "b"].map { OutgoingMessage($0) }
        try engine.perform(SendMessages(to: queue, batch, isBatch: true))
        #expect(polls.map(\.texts) == [["a"], ["b"], nil, nil])
        try engine.send("c", to: queue)
        #expect(polls.map(\.texts) == [["a"], ["b"], ["c"], nil])
    }

    @Test func `polls of other queues are left alone`() throws {
        let other = try engine.createQueue("other")
        let poll = engine.poll(other)
        try engine.send("a", to: queue)
        #expect(poll.result == nil)
    }

    @Test func `polls with timeout zero are all given the same message`() throws {
        let polls = (0..<3).map { _ in engine.poll(queue, timeout: 0) }
        try engine.send("a", to: queue)
        #expect(polls.map(\.texts) == [["a"], ["a"], ["a"]])
        #expect(polls.map { $0.messages?.first?.receiveCount } == [1, 2, 3])
    }

    @Test func `whoever waits for a message is answered before whoever sent it`() throws {
        let poll = engine.poll(queue)
        let (send, sent) = engine.write(engine.sending("a", to: queue))
        var isSenderAnswered: Bool?
        poll.onAnswer { _ in isSenderAnswered = sent.result != nil }
        engine.run([send])
        #expect(isSenderAnswered == false)
        #expect(sent.result != nil)
    }

    // MARK: How they end

    @Test func `a poll ends with nothing when its time is over`() {
        let short = engine.poll(queue, wait: 1)
        let long = engine.poll(queue, wait: 20)
        #expect(engine.due == engine.now.adding(seconds: 1))
        engine.advance(milliseconds: 999)
        #expect(short.result == nil)
        engine.advance(milliseconds: 1)
        #expect(short.texts == [])
        #expect(long.result == nil)
        engine.advance(seconds: 19)
        #expect(long.texts == [])
    }

    @Test func `the end of a poll needs nothing of the file`() throws {
        let poll = engine.poll(queue)
        let other = try Connection(path: engine.files.path, mode: .readWriteCreate)
        try other.execute("BEGIN IMMEDIATE")
        engine.advance(seconds: 20)
        #expect(poll.texts == [])
        #expect(engine.files.failures.all.isEmpty)
    }

    @Test func `a message at the last moment is still given`() throws {
        try engine.send("a", to: queue, delay: 10)
        let poll = engine.poll(queue, wait: 10)
        engine.advance(seconds: 10)
        #expect(poll.texts == ["a"])
    }

    @Test func `the queue's wait applies where a receive names none, and zero forces a short poll`() throws {
        let waiting = try engine.createQueue("waiting", ["ReceiveMessageWaitTimeSeconds": "5"])
        let poll = engine.poll(waiting, wait: nil)
        #expect(engine.poll(waiting, wait: 0).texts == [])
        #expect(engine.poll(queue, wait: nil).texts == [])
        engine.advance(seconds: 4)
        #expect(poll.result == nil)
        engine.advance(seconds: 1)
        #expect(poll.texts == [])
    }

    @Test func `the deletion of the queue ends its polls with an error`() throws {
        let poll = engine.poll(queue)
        try engine.perform(DeleteQueue(name: queue))
        #expect(poll.error == .queueDoesNotExist)
    }

    @Test func `a queue of the same name made in the same batch does not keep the polls of the old one`() throws {
        let engine = try EngineFixture(strictLimits: false)
        let queue = try engine.createQueue("q")
        let poll = engine.poll(queue)
        let (delete, _) = engine.write(DeleteQueue(name: queue))
        let (create, _) = engine.write(
            CreateQueue(name: queue, attributes: try QueueAttributeChanges([:]), tags: [:]))
        engine.run([delete, create])
        #expect(poll.error == .queueDoesNotExist)
    }

    @Test func `a purge leaves polls waiting`() throws {
        let poll = engine.poll(queue)
        try engine.perform(PurgeQueue(name: queue))
        #expect(poll.result == nil)
        try engine.send("a", to: queue)
        #expect(poll.texts == ["a"])
    }

    @Test func `a missing queue is told at once`() {
        let missing = QueueName(account: "000000000000", region: "us-east-1", name: "missing")
        #expect(engine.poll(missing).error == .queueDoesNotExist)
    }

    @Test func `more polls than may wait are refused`() throws {
        var options = EngineOptions()
        options.parkedReceiversMax = 2
        let engine = try EngineFixture(options: options)
        let queue = try engine.createQueue("q")
        let polls = (0..<3).map { _ in engine.poll(queue) }
        #expect(polls.map(\.error) == [nil, nil, .overloaded])
        engine.advance(seconds: 20)
        #expect(polls[0].texts == [])
        #expect(engine.poll(queue).result == nil)
    }

    @Test func `the end of the engine ends all polls with nothing`() {
        let polls = (0..<3).map { _ in engine.poll(queue) }
        engine.core.endPolls()
        #expect(polls.map(\.texts) == [[], [], []])
    }

    // MARK: Clients that go away

    @Test func `a client that has gone is given nothing`() throws {
        let gone = engine.poll(queue)
        let there = engine.poll(queue)
        engine.abandon(gone)
        try engine.send("a", to: queue)
        #expect(gone.result == nil)
        #expect(there.texts == ["a"])
    }

    @Test func `what a client was just given returns when it has gone, and wakes the next`() throws {
        let gone = engine.poll(queue, limit: 1)
        let there = engine.poll(queue)
        try engine.send("a", to: queue)
        #expect(gone.texts == ["a"])
        engine.abandon(gone)
        #expect(there.texts == ["a"])
        engine.abandon(gone)
        #expect(try engine.files.counts(queue) == [0, 1, 0])
    }

    @Test func `a client that goes in the batch of its receive keeps nothing`() throws {
        try engine.send("a", to: queue)
        let (receive, poll) = engine.receiveJob(from: queue, wait: 0)
        engine.run([receive, AbandonJob(receiver: try #require(poll.receiver))])
        #expect(poll.result == nil)
        #expect(try engine.files.counts(queue) == [1, 0, 0])
    }

    @Test func `a client that goes late takes nothing from who has the message now`() throws {
        try engine.send("a", to: queue)
        let gone = engine.poll(queue, timeout: 5)
        engine.advance(seconds: 5)
        #expect(engine.poll(queue).texts == ["a"])
        engine.abandon(gone)
        #expect(try engine.files.counts(queue) == [0, 1, 0])
    }

    @Test func `a receive that can be repeated keeps its messages for the repetition`() throws {
        let fifo = try engine.createQueue("q.fifo")
        try engine.send("a", to: fifo, group: "g")
        let gone = engine.poll(fifo, attempt: "x")
        engine.abandon(gone)
        #expect(engine.poll(fifo, attempt: "x").messages == gone.messages)
    }
}

/// The attributes that send messages to a dead-letter queue after so many receives.
func redrive(to queue: QueueName, after receiveCount: Int) -> [String: String] {
    ["RedrivePolicy": "{\"deadLetterTargetArn\":\"\(queue.arn)\",\"maxReceiveCount\":\(receiveCount)}"]
}
