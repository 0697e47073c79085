import QueueModel
import SQLite
import TestSupport
import Testing

@testable import QueueStore

/// Message move tasks, batch by batch. Reference: 6.4.
struct MessageMoveTaskTests {
    let fixture: StoreFixture
    let dead: QueueName
    let queue: QueueName
    let other: QueueName

    init() throws {
        fixture = try StoreFixture()
        dead = try fixture.createQueue("dead")
        queue = try fixture.createQueue("q", redrive(to: dead, after: 1))
        other = try fixture.createQueue("other")
    }

    // MARK: What a test does

    @discardableResult
    private func start(
        from source: QueueName? = nil, to destination: QueueName? = nil, rate: Int? = nil
    ) throws -> String {
        try fixture.perform(StartMessageMoveTask(from: source ?? dead, to: destination, rate: rate))
    }

    @discardableResult
    private func move(from source: QueueName? = nil, limit: Int = 100) throws -> MoveMessages.Progress {
        try fixture.perform(MoveMessages(from: try fixture.id(of: source ?? dead), limit: limit))
    }

    private func tasks(of source: QueueName? = nil) throws -> [MessageMoveTask] {
        try fixture.read(ListMessageMoveTasks(source: source ?? dead, limit: 10))
    }

    private func task() throws -> MessageMoveTask { try #require(try tasks().first) }

    /// Sends a message and lets it die once: received, timed out, moved by the next receive.
    private func kill(_ body: String, in queue: QueueName? = nil, group: String? = nil) throws {
        let queue = queue ?? self.queue
        try fixture.send(body, to: queue, group: group, deduplicationID: queue.name.hasSuffix(".fifo") ? body : nil)
        #expect(try fixture.receiveTexts(from: queue, timeout: 0) == [body])
        #expect(try fixture.receiveTexts(from: queue).isEmpty)
    }

    // MARK: What arrives

    @Test func `a message goes back to its queue as a new one`() throws {
        try kill("a")
        let old = try fixture.receive(from: dead, timeout: 0)[0]
        fixture.advance(seconds: 100)
        try start()
        #expect(try move() == .init(count: 1, next: .never))
        let new = try fixture.receive(from: queue)[0]
        #expect(new.text == "a")
        #expect(new.bodyMD5 == old.bodyMD5)
        #expect(new.id != old.id)
        #expect(new.sentAt == fixture.now)
        #expect(new.firstReceivedAt == fixture.now)
        #expect(new.receiveCount == 1)
        #expect(new.deadLetterSourceARN == nil)
        #expect(try fixture.counts(dead) == [0, 0, 0])
    }

    @Test func `content, attributes and group of a message go with it`() throws {
        var message = OutgoingMessage("a", group: "g")
        message.attributes = [1, 2, 3]
        message.traceHeader = "trace"
        _ = try fixture.perform(SendMessages(to: dead, [message], isBatch: false))
        try start(to: other)
        try move()
        let moved = try fixture.receive(from: other)[0]
        #expect(moved.text == "a")
        #expect(moved.attributes == [1, 2, 3])
        #expect(moved.traceHeader == "trace")
        #expect(moved.groupID == "g")
    }

    @Test func `a moved message dies after as many receives as any other`() throws {
        try kill("a")
        try start()
        try move()
        #expect(try fixture.receiveTexts(from: queue, timeout: 0) == ["a"])
        #expect(try fixture.receiveTexts(from: queue).isEmpty)
        #expect(try fixture.counts(dead) == [1, 0, 0])
    }

    @Test func `a moved message can be received at once despite a delay, and its retention begins anew`() throws {
        try fixture.setAttributes(of: other, ["DelaySeconds": "900", "MessageRetentionPeriod": "60"])
        try fixture.send("a", to: dead)
        fixture.advance(seconds: 3600)
        try start(to: other)
        try move()
        #expect(try fixture.counts(other) == [1, 0, 0])
        fixture.advance(seconds: 59)
        #expect(try fixture.receiveTexts(from: other, timeout: 0) == ["a"])
        fixture.advance(seconds: 1)
        #expect(try fixture.receiveTexts(from: other).isEmpty)
    }

    @Test func `a move is news to the receivers and the retention of the destination`() throws {
        try fixture.send("a", to: dead)
        try start(to: other)
        let move = MoveMessages(from: try fixture.id(of: dead), limit: 1)
        let target = try fixture.id(of: other)
        let news = try fixture.batch { _ = $0.perform(move) }
        #expect(news.availableQueues == [target])
        #expect(news.queuesWithArrivals == [target])
    }

    // MARK: Where it goes

    @Test func `one task serves several sources`() throws {
        try fixture.setAttributes(of: other, redrive(to: dead, after: 1))
        try kill("a")
        try kill("b", in: other)
        try kill("c")
        try start()
        #expect(try move().count == 3)
        #expect(try fixture.receiveTexts(from: queue) == ["a", "c"])
        #expect(try fixture.receiveTexts(from: other) == ["b"])
    }

    @Test func `with a destination all messages go there, wherever they came from`() throws {
        try kill("a")
        try fixture.send("b", to: dead)
        try start(to: other)
        try move()
        #expect(try fixture.receiveTexts(from: other) == ["a", "b"])
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    // MARK: Order

    @Test func `the oldest goes first, with and without groups, in batches of any size`() throws {
        let groups = [nil, "x", "y", nil, "y", "x", nil, "x"]
        for (index, group) in groups.enumerated() { try fixture.send("\(index)", to: dead, group: group) }
        try start(to: other)
        for index in 0..<groups.count {
            #expect(try move(limit: 1).count == 1)
            #expect(try fixture.receiveTexts(from: other) == ["\(index)"])
        }
        #expect(try task().status == .completed)
    }

    @Test func `a FIFO group keeps its order, behind what was there and after what is in flight`() throws {
        let dead = try fixture.createQueue("dead.fifo")
        let queue = try fixture.createQueue("q.fifo", redrive(to: dead, after: 1))
        for body in ["a1", "b1", "a2", "b2", "a3"] {
            try fixture.send(body, to: dead, group: String(body.prefix(1)), deduplicationID: body)
        }
        let first = try fixture.receive(from: dead, 1)[0]
        #expect(first.text == "a1")
        try fixture.send("a0", to: queue, group: "a", deduplicationID: "a0")
        try start(from: dead, to: queue)
        #expect(try move(from: dead, limit: 1).count == 1)
        #expect(try move(from: dead) == .init(count: 1, next: .whenChanged))
        #expect(try fixture.counts(dead) == [2, 1, 0])
        try fixture.changeVisibility(of: first, in: dead, to: 0)
        #expect(try move(from: dead) == .init(count: 3, next: .never))
        let received = try fixture.receive(from: queue)
        #expect(received.filter { $0.groupID == "a" }.map(\.text) == ["a0", "a1", "a2", "a3"])
        #expect(received.filter { $0.groupID == "b" }.map(\.text) == ["b1", "b2"])
        let numbers = received.compactMap(\.sequenceNumber)
        #expect(numbers.count == 6)
        #expect(Set(numbers).count == 6)
    }

    @Test func `moves take no part in deduplication`() throws {
        let dead = try fixture.createQueue("dead.fifo", ["ContentBasedDeduplication": "true"])
        let attributes = redrive(to: dead, after: 1).merging(["ContentBasedDeduplication": "true"]) { $1 }
        let queue = try fixture.createQueue("q.fifo", attributes)
        // The same body, just sent to both: it would be a duplicate if the move were a send.
        try fixture.send("a", to: queue, group: "g")
        try fixture.send("a", to: dead, group: "g")
        try start(from: dead, to: queue)
        try move(from: dead)
        #expect(try fixture.counts(queue) == [2, 0, 0])
        // Nor is what comes after a move a duplicate of it.
        try fixture.send("b", to: dead, group: "g", deduplicationID: "id")
        try start(from: dead, to: queue)
        try move(from: dead)
        try fixture.send("b", to: queue, group: "g", deduplicationID: "id")
        #expect(try fixture.counts(queue) == [4, 0, 0])
        #expect(try fixture.receive(from: queue).map(\.deduplicationID).suffix(2) == ["id", "id"])
    }

    @Test func `a dead FIFO message goes back to its group with a higher number`() throws {
        let dead = try fixture.createQueue("dead.fifo")
        let queue = try fixture.createQueue("q.fifo", redrive(to: dead, after: 1))
        try kill("a", in: queue, group: "g")
        let old = try fixture.receive(from: dead, timeout: 0)[0]
        try start(from: dead)
        try move(from: dead)
        let new = try fixture.receive(from: queue)[0]
        #expect(new.groupID == "g")
        #expect(try #require(new.sequenceNumber) > #require(old.sequenceNumber))
        #expect(new.deadLetterSourceARN == nil)
    }

    // MARK: The hidden

    @Test func `messages in flight are moved once they are visible, and the task waits for them`() throws {
        try fixture.send("a", to: dead)
        try fixture.send("b", to: dead)
        _ = try fixture.receive(from: dead, 1, timeout: 30)
        try start(to: other)
        #expect(try task().toMoveCount == 2)
        #expect(try move() == .init(count: 1, next: .whenChanged))
        #expect(try task().status == .running)
        #expect(try move() == .init(count: 0, next: .whenChanged))
        fixture.advance(seconds: 30)
        let id = try fixture.id(of: dead)
        #expect(try fixture.batch { _ = $0.perform(MakeDueMessagesVisible(limit: 10)) }.availableQueues == [id])
        #expect(try move() == .init(count: 1, next: .never))
        #expect(try task().movedCount == 2)
        #expect(try fixture.receiveTexts(from: other) == ["b", "a"])
    }

    @Test func `the task ends when the last message in flight is deleted, and that is news`() throws {
        try fixture.send("a", to: dead)
        let message = try fixture.receive(from: dead)[0]
        try start(to: other)
        #expect(try move() == .init(count: 0, next: .whenChanged))
        let id = try fixture.id(of: dead)
        let delete = DeleteMessages(from: dead, [message.presented])
        #expect(try fixture.batch { _ = $0.perform(delete) }.emptiedQueues == [id])
        #expect(try move() == .init(count: 0, next: .never))
        #expect(try task().status == .completed)
        #expect(try task().movedCount == 0)
    }

    @Test func `delayed messages are waited for too`() throws {
        try fixture.send("a", to: dead, delay: 10)
        try start(to: other)
        #expect(try move() == .init(count: 0, next: .whenChanged))
        fixture.advance(seconds: 10)
        try fixture.makeDueVisible()
        #expect(try move() == .init(count: 1, next: .never))
    }

    @Test func `messages that arrive while the task runs are moved as well`() throws {
        try fixture.send("a", to: dead)
        try fixture.send("b", to: dead)
        try start(to: other)
        #expect(try move(limit: 1).count == 1)
        try fixture.send("c", to: dead)
        #expect(try move().count == 2)
        #expect(try task().movedCount == 3)
        #expect(try task().toMoveCount == 2)
    }

    @Test func `expired messages are not moved`() throws {
        try fixture.setAttributes(of: dead, ["MessageRetentionPeriod": "60"])
        try fixture.send("a", to: dead)
        fixture.advance(seconds: 60)
        try fixture.send("b", to: dead)
        try start(to: other)
        #expect(try move() == .init(count: 2, next: .never))
        #expect(try fixture.receiveTexts(from: other) == ["b"])
        #expect(try task().movedCount == 1)
    }

    // MARK: The end

    @Test func `an empty queue is done at once`() throws {
        try start()
        #expect(try move() == .init(count: 0, next: .never))
        let task = try task()
        #expect(task.status == .completed)
        #expect(task.movedCount == 0)
        #expect(task.toMoveCount == 0)
    }

    @Test func `a purge ends the task`() throws {
        for body in ["a", "b", "c"] { try fixture.send(body, to: dead) }
        try start(to: other)
        try move(limit: 1)
        try fixture.perform(PurgeQueue(name: dead))
        #expect(try move() == .init(count: 0, next: .never))
        #expect(try task().status == .completed)
        #expect(try task().movedCount == 1)
    }

    @Test func `a task fails when its destination is gone, and keeps what it has moved`() throws {
        for body in ["a", "b", "c"] { try fixture.send(body, to: dead) }
        try start(to: other)
        try move(limit: 2)
        try fixture.perform(DeleteQueue(name: other))
        #expect(try move() == .init(count: 0, next: .never))
        let task = try task()
        #expect(task.status == .failed)
        #expect(task.failureReason == .nonExistentQueue)
        #expect(task.movedCount == 2)
        #expect(try fixture.counts(dead) == [1, 0, 0])
    }

    @Test func `a task whose destination is gone fails though all it could move is in flight`() throws {
        try fixture.send("a", to: dead)
        _ = try fixture.receive(from: dead)
        try start(to: other)
        try move()
        try fixture.perform(DeleteQueue(name: other))
        #expect(try move() == .init(count: 0, next: .never))
        #expect(try task().failureReason == .nonExistentQueue)
    }

    @Test func `a task fails when the queue that a message came from is gone`() throws {
        try fixture.setAttributes(of: other, redrive(to: dead, after: 1))
        try kill("a")
        try kill("b", in: other)
        try fixture.perform(DeleteQueue(name: other))
        try start()
        #expect(try move() == .init(count: 1, next: .never))
        #expect(try task().failureReason == .nonExistentQueue)
        #expect(try task().movedCount == 1)
        #expect(try fixture.receiveTexts(from: queue) == ["a"])
        #expect(try fixture.receiveTexts(from: dead) == ["b"])
    }

    @Test func `a task without destination fails at a message that came from nowhere`() throws {
        try kill("a")
        try fixture.send("b", to: dead)
        try start()
        #expect(try move() == .init(count: 1, next: .never))
        #expect(try task().status == .failed)
        #expect(try task().failureReason == .couldNotDetermineMessageSource)
        #expect(try fixture.counts(dead) == [1, 0, 0])
        // It is over: another may begin.
        try start(to: other)
        #expect(try move().count == 1)
    }

    @Test func `a cancelled task moves nothing more and tells what it has moved`() throws {
        for index in 0..<10 { try fixture.send("\(index)", to: dead) }
        let id = try start(to: other)
        try move(limit: 4)
        #expect(try fixture.perform(CancelMessageMoveTask(id: id, source: dead)) == 4)
        #expect(try move() == .init(count: 0, next: .never))
        let task = try task()
        #expect(task.status == .cancelled)
        #expect(task.movedCount == 4)
        #expect(task.toMoveCount == 10)
        #expect(try fixture.counts(dead) == [6, 0, 0])
    }

    @Test func `the tasks of a queue go with it`() throws {
        try fixture.send("a", to: dead)
        let id = try start(to: other)
        let source = try fixture.id(of: dead)
        try fixture.perform(DeleteQueue(name: dead))
        #expect(try fixture.perform(MoveMessages(from: source, limit: 1)) == .init(count: 0, next: .never))
        #expect(throws: QueueError.unknownResource("SourceArn")) { try tasks() }
        #expect(throws: QueueError.unknownResource("SourceArn")) {
            try fixture.perform(CancelMessageMoveTask(id: id, source: dead))
        }
        fixture.advance(seconds: 60)
        try fixture.createQueue("dead")
        #expect(try tasks().isEmpty)
        try start(to: other)
    }

    // MARK: Batches and pace

    @Test func `a batch moves no more than its limit and asks to be called again later`() throws {
        for index in 0..<5 { try fixture.send("\(index)", to: dead) }
        try start(to: other)
        let soon = fixture.now.adding(milliseconds: 1)
        #expect(try move(limit: 2) == .init(count: 2, next: .due(soon)))
        #expect(try move(limit: 2) == .init(count: 2, next: .due(soon)))
        #expect(try move(limit: 2) == .init(count: 1, next: .never))
    }

    @Test func `a batch of the largest messages is a short one`() throws {
        let body = String(repeating: "a", count: 1 << 20)
        for _ in 0..<6 { try fixture.send(body, to: dead) }
        try start(to: other)
        #expect(try move().count == 4)
        #expect(try move() == .init(count: 2, next: .never))
    }

    @Test func `the next message is found by an index, however many stand before it`() throws {
        try fixture.send("returned", to: dead)
        _ = try fixture.receive(from: dead, timeout: 0)
        try fixture.send("fresh", to: dead)
        try fixture.send("grouped", to: dead, group: "g")
        try start(to: other)
        try fixture.reopen()
        try move()
        var kept: [String] = []
        try fixture.batch { kept = $0.database.keptSQL }
        let connection = try Connection(path: fixture.path, mode: .readOnly)
        let plans = try kept.flatMap { sql in
            // What the values are does not matter to the plan.
            try connection.prepare("EXPLAIN QUERY PLAN " + sql.replacing("?", with: "1")).all { $0.text(3) }
        }
        try connection.close()
        #expect(plans.contains { $0.contains("INDEX message_ready") })
        #expect(plans.contains { $0.contains("PRIMARY KEY (line=? AND id>? AND id<?)") })
        #expect(plans.contains { $0.contains("INDEX message_in_group (backlog_id=? AND group_id=? AND state=?)") })
        #expect(plans.filter { $0.hasPrefix("SCAN") || $0.hasSuffix("PRIMARY KEY (backlog_id=?)") } == [])
    }

    @Test func `four messages at one a second take three seconds, the first going at once`() throws {
        for index in 0..<4 { try fixture.send("\(index)", to: dead) }
        try start(to: other, rate: 1)
        for index in 0..<3 {
            #expect(try move() == .init(count: 1, next: .due(fixture.now.adding(seconds: 1))))
            #expect(try task().movedCount == index + 1)
            fixture.advance(milliseconds: 999)
            #expect(try move().count == 0)
            fixture.advance(milliseconds: 1)
        }
        #expect(try move() == .init(count: 1, next: .never))
    }

    @Test func `the pace goes on after a restart, without a burst`() throws {
        for index in 0..<4 { try fixture.send("\(index)", to: dead) }
        try start(to: other, rate: 1)
        try move()
        try fixture.reopen()
        #expect(try move().count == 0)
        fixture.advance(seconds: 100)
        #expect(try move() == .init(count: 1, next: .due(fixture.now.adding(milliseconds: 900))))
    }

    // MARK: Restart and crash

    @Test func `a task goes on after a crash`() throws {
        for index in 0..<10 { try fixture.send("\(index)", to: dead) }
        let id = try start(to: other)
        try move(limit: 4)
        try fixture.crash()
        #expect(fixture.store.queuesWithMoveTask() == [try fixture.id(of: dead)])
        #expect(try task().id == id)
        #expect(try task().movedCount == 4)
        #expect(try move().count == 6)
        #expect(try task().status == .completed)
        #expect(fixture.store.queuesWithMoveTask() == [])
        #expect(try fixture.receiveTexts(from: other) == (0..<10).map(String.init))
    }

    @Test func `what has ended stays as it ended after a restart`() throws {
        try fixture.send("a", to: dead)
        try start()
        try move()
        let id = try start(to: other, rate: 7)
        _ = try fixture.perform(CancelMessageMoveTask(id: id, source: dead))
        let before = try tasks()
        try fixture.reopen()
        #expect(try tasks() == before)
        #expect(before.map(\.status) == [.cancelled, .failed])
        #expect(before.map(\.failureReason) == [nil, .couldNotDetermineMessageSource])
        #expect(before.map(\.destination) == [other, nil])
        #expect(before.map(\.rate) == [7, nil])
    }

    // MARK: List

    @Test func `the newest task comes first, and the latest ten are kept`() throws {
        var ids: [String] = []
        for _ in 0..<12 {
            ids.append(try start())
            try move()
        }
        #expect(try tasks().map(\.id) == ids.suffix(10).reversed())
        #expect(try fixture.read(ListMessageMoveTasks(source: dead, limit: 1)).map(\.id) == [ids.last])
    }

    @Test func `queues have their own tasks`() throws {
        try fixture.setAttributes(of: queue, redrive(to: other, after: 1))
        try fixture.setAttributes(of: other, redrive(to: dead, after: 1))
        let first = try start(from: dead)
        let second = try start(from: other)
        #expect(try tasks(of: dead).map(\.id) == [first])
        #expect(try tasks(of: other).map(\.id) == [second])
        #expect(throws: QueueError.resourceNotFound(message: "Task does not exist.")) {
            try fixture.perform(CancelMessageMoveTask(id: first, source: other))
        }
    }

    // MARK: Refusals

    private let notFound = QueueName(account: "000000000000", region: "us-east-1", name: "none")

    @Test func `the source must exist`() throws {
        #expect(throws: QueueError.unknownResource("SourceArn")) { try start(from: notFound) }
        #expect(throws: QueueError.unknownResource("SourceArn")) { try tasks(of: notFound) }
        #expect(throws: QueueError.unknownResource("SourceArn")) {
            try fixture.perform(CancelMessageMoveTask(id: "id", source: notFound))
        }
    }

    @Test func `the source must be a dead-letter queue now`() throws {
        let error = QueueError.invalidParameter("Source queue must be configured as a Dead Letter Queue.")
        #expect(throws: error) { try start(from: queue) }
        try fixture.setAttributes(of: queue, ["RedrivePolicy": ""])
        #expect(throws: error) { try start() }
    }

    @Test func `the destination must exist, in the account and region of the source`() throws {
        let elsewhere = try fixture.createQueue("other", region: "eu-west-1")
        let ofAnother = QueueName(account: "111111111111", region: "us-east-1", name: "other")
        try fixture.perform(CreateQueue(name: ofAnother, attributes: QueueAttributeChanges([:]), tags: [:]))
        for destination in [notFound, elsewhere, ofAnother] {
            #expect(throws: QueueError.unknownResource("DestinationArn")) { try start(to: destination) }
        }
    }

    @Test func `the destination must be another queue of the same type`() throws {
        #expect(throws: QueueError.invalidParameter("Source queue arn and destination queue arn cannot be the same.")) {
            try start(to: dead)
        }
        let fifo = try fixture.createQueue("q.fifo")
        #expect(
            throws: QueueError.invalidParameter(
                "The source queue and destination queue must be of the same queue type.")
        ) { try start(to: fifo) }
    }

    @Test func `a queue has one running task`() throws {
        try fixture.send("a", to: dead)
        try start(to: other)
        #expect(
            throws: QueueError.invalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                    + "time.")
        ) { try start() }
        #expect(try tasks().count == 1)
    }

    @Test func `only a known and running task can be cancelled`() throws {
        #expect(throws: QueueError.resourceNotFound(message: "Task does not exist.")) {
            try fixture.perform(CancelMessageMoveTask(id: "id", source: dead))
        }
        let id = try start()
        try move()
        #expect(throws: QueueError.invalidParameter("Only active tasks can be cancelled.")) {
            try fixture.perform(CancelMessageMoveTask(id: id, source: dead))
        }
    }
}
