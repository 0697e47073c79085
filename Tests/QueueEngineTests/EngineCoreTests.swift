import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

@testable import QueueEngine

/// Batches, failures of the storage, sweeps, and short polls among more due messages than one sweep takes.
struct EngineCoreTests {
    /// What a broken disk does to the batch of this operation.
    struct Broken: WriteOperation {
        func run(in transaction: WriteTransaction) throws {
            throw SQLiteError(code: 10, message: "disk I/O error")
        }
    }

    let engine: EngineFixture
    let queue: QueueName

    init() throws {
        engine = try EngineFixture()
        queue = try engine.createQueue("q")
        engine.settle()
    }

    private func send(_ count: Int, to queue: QueueName, delay: Int? = nil) throws {
        engine.files.checksInvariants = false
        for start in stride(from: 0, to: count, by: 10) {
            let batch = (start..<min(start + 10, count)).map { OutgoingMessage("\($0)", delay: delay) }
            try engine.perform(SendMessages(to: queue, batch, isBatch: true))
        }
    }

    // MARK: Batches

    @Test func `the jobs of a batch are done and answered in their order`() throws {
        let (first, sent) = engine.write(engine.sending("a", to: queue))
        let (second, poll) = engine.receiveJob(from: queue, wait: 0)
        let (third, again) = engine.receiveJob(from: queue, wait: 0)
        engine.run([first, second, third])
        #expect(try sent.result?.get().count == 1)
        #expect(poll.texts == ["a"])
        #expect(again.texts == [])
    }

    @Test func `nothing is due in an idle engine`() {
        engine.settle()
        #expect(engine.due == nil)
    }

    // MARK: Failures

    @Test func `a batch that fails answers nobody with success, and nothing of it was done`() throws {
        try engine.send("before", to: queue)
        let (send, sent) = engine.write(engine.sending("lost", to: queue))
        let (receive, poll) = engine.receiveJob(from: queue, wait: 0)
        let (broken, failed) = engine.write(Broken())
        let (create, created) = engine.write(
            CreateQueue(
                name: QueueName(account: "000000000000", region: "us-east-1", name: "lost"),
                attributes: try QueueAttributeChanges([:]), tags: [:]))
        engine.run([send, receive, broken, create])
        #expect(throws: QueueError.storageFailed) { try sent.result?.get() }
        #expect(throws: QueueError.storageFailed) { try failed.result?.get() }
        #expect(throws: QueueError.storageFailed) { try created.result?.get() }
        #expect(poll.error == .storageFailed)
        #expect(engine.files.failures.takeAll().count == 1)
        #expect(try engine.files.counts(queue) == [1, 0, 0])
        engine.advance(seconds: 1)
        #expect(engine.poll(queue, wait: 0).texts == ["before"])
        try engine.files.checkInvariants()
    }

    @Test func `a batch that cannot begin refuses its jobs`() throws {
        try engine.send("before", to: queue)
        let other = try Connection(path: engine.files.path, mode: .readWriteCreate)
        try other.execute("BEGIN IMMEDIATE")
        let (send, sent) = engine.write(engine.sending("lost", to: queue))
        let (receive, poll) = engine.receiveJob(from: queue, wait: 0)
        engine.run([send, receive])
        #expect(throws: QueueError.storageFailed) { try sent.result?.get() }
        #expect(poll.error == .storageFailed)
        #expect(!engine.files.failures.takeAll().isEmpty)
        try other.execute("ROLLBACK")
        try other.close()
        engine.advance(seconds: 1)
        #expect(engine.poll(queue, wait: 0).texts == ["before"])
    }

    @Test func `a long poll served in a batch that fails is told so, one that was not waits on`() throws {
        let waiting = engine.poll(queue, limit: 1)
        let (send, _) = engine.write(engine.sending("lost", to: queue))
        let (receive, served) = engine.receiveJob(from: queue, limit: 1, wait: 20)
        let (broken, _) = engine.write(Broken())
        engine.run([send, receive, broken])
        #expect(engine.files.failures.takeAll().count == 1)
        #expect(served.error == .storageFailed)
        #expect(waiting.result == nil)
        try engine.send("a", to: queue)
        #expect(waiting.texts == ["a"])
    }

    @Test func `sweeps go on after a batch that failed`() throws {
        try engine.send("a", to: queue, delay: 2)
        let poll = engine.poll(queue)
        engine.files.advance(seconds: 2)
        let (broken, _) = engine.write(Broken())
        engine.run([broken])
        #expect(engine.files.failures.takeAll().count == 1)
        #expect(poll.result == nil)
        #expect(try #require(engine.due) <= engine.now.adding(seconds: 1))
        engine.advance(seconds: 1)
        #expect(poll.texts == ["a"])
    }

    @Test func `batches that go on failing do not put the sweeps off for ever`() throws {
        try engine.send("a", to: queue, delay: 2)
        let poll = engine.poll(queue)
        engine.files.advance(seconds: 2)
        for _ in 0..<4 {
            let (broken, _) = engine.write(Broken())
            engine.run([broken])
            engine.files.advance(milliseconds: 500)
        }
        #expect(engine.files.failures.takeAll().count == 4)
        #expect(poll.texts == ["a"])
    }

    @Test func `messages that one long poll after the other gets make no batch without end`() throws {
        let polls = (0..<500).map { _ in engine.poll(queue, timeout: 0) }
        engine.run((0..<10).map { engine.write(engine.sending("\($0)", to: queue)).0 })
        let answered = polls.filter { $0.result != nil }.count
        #expect((1..<500).contains(answered))
        engine.settle()
        #expect(polls.allSatisfy { $0.texts?.count == 10 })
    }

    @Test func `sequence numbers rise through batches that fail`() throws {
        let fifo = try engine.createQueue("q.fifo")
        let before = try #require(try engine.send("a", to: fifo, group: "g").sequenceNumber)
        let (send, _) = engine.write(engine.sending("b", to: fifo, group: "g"))
        let (broken, _) = engine.write(Broken())
        engine.run([send, broken])
        #expect(engine.files.failures.takeAll().count == 1)
        let after = try #require(try engine.send("c", to: fifo, group: "g").sequenceNumber)
        #expect(after > before)
        try engine.files.checkInvariants()
    }

    // MARK: Many due messages

    @Test func `a short poll misses nothing among more due messages than one sweep takes`() throws {
        try send(450, to: queue, delay: 1)
        let late = try engine.createQueue("late")
        try engine.send("late", to: late, delay: 2)
        engine.files.advance(seconds: 2)
        let poll = engine.poll(late, wait: 0)
        #expect(poll.result == nil)
        #expect(try #require(engine.due) <= engine.now)
        engine.settle()
        #expect(poll.texts == ["late"])
    }

    @Test func `a short poll that finds nothing is answered once all due messages are visible`() throws {
        try send(450, to: queue, delay: 1)
        let later = try engine.createQueue("later")
        try engine.send("later", to: later, delay: 10)
        engine.files.advance(seconds: 1)
        let poll = engine.poll(later, wait: 0)
        #expect(poll.result == nil)
        engine.settle()
        #expect(poll.texts == [])
        #expect(try engine.files.counts(queue) == [450, 0, 0])
    }

    @Test func `a short poll does not wait for due messages without end`() throws {
        let fifo = try engine.createQueue("delayed.fifo", ["DelaySeconds": "1"])
        engine.files.checksInvariants = false
        for number in 0..<900 { try engine.send("\(number)", to: fifo, group: "\(number)") }
        let later = try engine.createQueue("later")
        try engine.send("later", to: later, delay: 900)
        engine.files.advance(seconds: 1)
        let poll = engine.poll(later, wait: 0)
        var batches = 1
        while poll.result == nil {
            engine.run([engine.write(engine.sending("\(batches)", to: queue)).0])
            batches += 1
        }
        #expect(poll.texts == [])
        #expect(batches == 101)
        #expect(try engine.files.counts(fifo)[2] > 0)
    }

    @Test func `a short poll of a queue that hides nothing does not wait for the due messages of others`() throws {
        try send(450, to: queue, delay: 1)
        let empty = try engine.createQueue("empty")
        engine.files.advance(seconds: 1)
        #expect(engine.poll(empty, wait: 0).texts == [])
        #expect(try engine.files.counts(queue) == [200, 0, 250])
    }

    @Test("a poll finds the message behind hundreds that have to be moved", arguments: [0, 20])
    func behindExhausted(wait: Int) throws {
        let dead = try engine.createQueue("dead")
        try send(650, to: queue)
        for _ in 0..<65 { _ = engine.poll(queue, timeout: 1, wait: 0) }
        engine.advance(seconds: 1)
        try engine.perform(
            SetQueueAttributes(name: queue, attributes: try QueueAttributeChanges(redrive(to: dead, after: 1))))
        try engine.send("good", to: queue)
        let poll = engine.poll(queue, limit: 1, wait: wait)
        engine.settle()
        #expect(poll.texts == ["good"])
        #expect(try engine.files.counts(dead) == [650, 0, 0])
    }

    @Test("a poll passes over very many delayed messages in several batches", arguments: [0, 20])
    func behindDelayed(wait: Int) throws {
        try engine.send("first", to: queue)
        try send(10_000, to: queue, delay: 900)
        try engine.send("last", to: queue)
        #expect(engine.poll(queue, wait: 0).texts == ["first"])
        let poll = engine.poll(queue, wait: wait)
        #expect(poll.result == nil)
        engine.settle()
        #expect(poll.texts == ["last"])
        try engine.files.checkInvariants()
    }

    @Test func `a move task passes over very many delayed messages in several batches`() throws {
        let source = try engine.createQueue("source", redrive(to: queue, after: 1))
        try engine.send("first", to: queue)
        try send(10_000, to: queue, delay: 900)
        try engine.send("last", to: queue)
        try engine.perform(StartMessageMoveTask(from: queue, to: source, rate: nil))
        engine.run()
        #expect(try engine.files.counts(source) == [1, 0, 0])
        for _ in 0..<10 { engine.advance(milliseconds: 1) }
        #expect(try engine.files.counts(source) == [2, 0, 0])
        #expect(try engine.files.counts(queue) == [0, 0, 10_000])
        try engine.files.checkInvariants()
    }

    // MARK: Sweeps

    @Test func `retention is swept at its moment, in all queues`() throws {
        let short = try engine.createQueue("short", ["MessageRetentionPeriod": "60"])
        let long = try engine.createQueue("long", ["MessageRetentionPeriod": "120"])
        for queue in [short, long] { try engine.send("a", to: queue) }
        engine.settle()
        #expect(engine.due == engine.now.adding(seconds: 60))
        engine.advance(seconds: 60)
        #expect(try engine.files.counts(short) == [0, 0, 0])
        #expect(try engine.files.counts(long) == [1, 0, 0])
        engine.advance(seconds: 60)
        #expect(try engine.files.counts(long) == [0, 0, 0])
    }

    @Test func `an old message moved into a queue expires there before younger ones`() throws {
        let dead = try engine.createQueue("dead", ["MessageRetentionPeriod": "100"])
        let source = try engine.createQueue("source", redrive(to: dead, after: 1))
        try engine.send("old", to: source)
        _ = engine.poll(source, timeout: 50, wait: 0)
        engine.advance(seconds: 50)
        try engine.send("young", to: dead)
        engine.settle()
        #expect(engine.poll(source, wait: 0).texts == [])
        engine.settle()
        #expect(try engine.files.counts(dead) == [2, 0, 0])
        engine.advance(seconds: 50)
        #expect(try engine.files.counts(dead) == [1, 0, 0])
    }

    @Test func `what a purge leaves is emptied in many small batches`() throws {
        try send(450, to: queue)
        try engine.perform(PurgeQueue(name: queue))
        var batches = 0
        repeat {
            engine.run()
            batches += 1
        } while engine.due.map { $0 <= engine.now } ?? false
        #expect(batches >= 3)
        try engine.files.checkInvariants()
        #expect(try engine.files.messages().isEmpty)
    }

    @Test func `one batch sweeps no more than its share of a queue`() throws {
        let short = try engine.createQueue("short", ["MessageRetentionPeriod": "60"])
        try send(450, to: short)
        engine.settle()
        engine.files.advance(seconds: 60)
        engine.run()
        #expect(try engine.files.counts(short) == [250, 0, 0])
        engine.settle()
        #expect(try engine.files.counts(short) == [0, 0, 0])
    }

    @Test("a batch that has become long leaves the rest to the next", arguments: [(1 << 20, 10, 3), (1, 3000, 2)])
    func longBatch(size: Int, count: Int, batches: Int) throws {
        let body = String(repeating: "x", count: size)
        let sends = (0..<count).map { _ in engine.write(engine.sending(body, to: queue)) }
        #expect(engine.run(sends.map(\.0)) == batches)
        for (_, answered) in sends { _ = try #require(answered.result).get()[0].get() }
        #expect(try engine.files.counts(queue) == [count, 0, 0])
    }

    @Test func `what a purge leaves makes way for requests, but as much goes as is sent`() throws {
        try send(450, to: queue)
        try engine.perform(PurgeQueue(name: queue))
        let other = try engine.createQueue("other")
        var batches = 0
        repeat {
            engine.run((0..<30).map { engine.write(engine.sending("\($0)", to: other)).0 })
            batches += 1
        } while engine.due.map { $0 <= engine.now } ?? false
        // 42 messages in each but the first ones, and then the backlog itself. With 12 it would take 39.
        #expect(batches == 14)
    }

    @Test func `expired messages make way for requests, but as many go as are sent`() throws {
        let short = try engine.createQueue("short", ["MessageRetentionPeriod": "60"])
        try send(450, to: short)
        engine.settle()
        engine.files.advance(seconds: 60)
        for (sent, left) in [(1, 250), (30, 237), (0, 195), (0, 171), (0, 123), (0, 27), (0, 0)] {
            engine.run((0..<sent).map { engine.write(engine.sending("\($0)", to: queue)).0 })
            #expect(try engine.files.counts(short) == [left, 0, 0])
        }
    }

    @Test func `messages of groups that are due all at once make way for requests`() throws {
        let fifo = try engine.createQueue("delayed.fifo", ["DelaySeconds": "1"])
        for number in 0..<450 { try engine.send("\(number)", to: fifo, group: "\(number % 7)") }
        engine.settle()
        engine.files.advance(seconds: 1)
        let steps = [
            (1, 200), (30, 204), (0, 237), (0, 243), (0, 255), (0, 279), (0, 327), (0, 377), (0, 427), (0, 450),
        ]
        for (sent, visible) in steps {
            engine.run((0..<sent).map { engine.write(engine.sending("\($0)", to: queue)).0 })
            #expect(try engine.files.counts(fifo) == [visible, 0, 450 - visible])
        }
        try engine.files.checkInvariants()
    }

    @Test("a new delay of very many messages makes way for requests", arguments: [nil, false, true])
    func newDelay(restartIsCrash: Bool?) throws {
        let fifo = try engine.createQueue("delayed.fifo", ["DelaySeconds": "100"])
        let other = try engine.createQueue("other.fifo", ["DelaySeconds": "100"])
        for number in 0..<650 {
            for queue in [fifo, other] {
                try engine.send("\(number)", to: queue, group: "\(number % 7)")
            }
            engine.files.advance(milliseconds: 1)
        }
        try engine.perform(SetQueueAttributes(name: fifo, attributes: try QueueAttributeChanges(["DelaySeconds": "0"])))
        #expect(try engine.files.counts(fifo) == [250, 0, 400])
        for (sent, visible) in [(30, 385), (0, 421), (0, 433), (0, 457)] {
            engine.run((0..<sent).map { engine.write(engine.sending("\($0)", to: queue)).0 })
            #expect(try engine.files.counts(fifo) == [visible, 0, 650 - visible])
        }
        if let restartIsCrash { try restartIsCrash ? engine.crash() : engine.restart() }
        #expect(engine.files.store.isChangingDelays() == true)
        engine.settle()
        #expect(try engine.files.counts(fifo) == [650, 0, 0])
        #expect(try engine.files.counts(other) == [0, 0, 650])
        #expect(engine.files.store.isChangingDelays() == false)
        try engine.files.checkInvariants()
    }

    @Test func `a new delay reaches its messages behind those that others hide all the time`() throws {
        let busy = try engine.createQueue("busy")
        for _ in 0..<300 { try send(10, to: busy) }
        let fifo = try engine.createQueue("delayed.fifo", ["DelaySeconds": "900"])
        for number in 0..<5 { try engine.send("\(number)", to: fifo, group: "g") }
        var received = (0..<60).map { _ in engine.poll(busy, wait: 0) }
        try engine.perform(SetQueueAttributes(name: fifo, attributes: try QueueAttributeChanges(["DelaySeconds": "0"])))
        #expect(try engine.files.counts(fifo) == [0, 0, 5])
        for _ in 0..<40 {
            engine.files.advance(milliseconds: 1)
            let jobs = (0..<5).map { _ in engine.receiveJob(from: busy, wait: 0) }
            let deletes = received.prefix(5).map { poll in
                engine.write(DeleteMessages(from: busy, (poll.messages ?? []).map(\.presented))).0
            }
            received = received.dropFirst(5) + jobs.map(\.1)
            engine.run(deletes + jobs.map(\.0))
        }
        #expect(try engine.files.counts(fifo) == [5, 0, 0])
        #expect(engine.files.store.isChangingDelays() == false)
    }

    @Test func `exhausted messages that are very many at once make way for requests`() throws {
        let dead = try engine.createQueue("dead")
        let source = try engine.createQueue("source", redrive(to: dead, after: 1))
        try send(300, to: source)
        for _ in 0..<30 { _ = engine.poll(source, timeout: 1, wait: 0) }
        engine.advance(seconds: 1)
        engine.files.advance(seconds: 60)
        for (sent, moved) in [(1, 200), (30, 204), (0, 237), (0, 243), (0, 255), (0, 279), (0, 300)] {
            engine.run((0..<sent).map { engine.write(engine.sending("\($0)", to: queue)).0 })
            #expect(try engine.files.counts(dead) == [moved, 0, 0])
        }
        try engine.files.checkInvariants()
    }

    @Test func `no batch moves the largest messages of very many queues`() throws {
        let dead = try engine.createQueue("dead.fifo")
        engine.files.checksInvariants = false
        let body = String(repeating: "x", count: 1_000_000)
        for number in 0..<5 {
            let source = try engine.createQueue("source-\(number).fifo", redrive(to: dead, after: 1))
            let messages = (0..<3).map { OutgoingMessage(body, group: "g", deduplicationID: "\($0)") }
            try engine.perform(SendMessages(to: source, messages, isBatch: true))
            _ = engine.poll(source, timeout: 1, wait: 0)
        }
        engine.advance(seconds: 1)
        engine.files.advance(seconds: 60)
        for moved in [6, 12, 15] {
            engine.run()
            #expect(try engine.files.counts(dead) == [moved, 0, 0])
        }
        try engine.files.checkInvariants()
    }

    @Test func `however many are sent in each batch, as many expire, become visible and are forgotten`() throws {
        engine.files.checksInvariants = false
        let expiring = try engine.createQueue("expiring", ["MessageRetentionPeriod": "60"])
        let fifo = try engine.createQueue("delayed.fifo", ["DelaySeconds": "60", "MessageRetentionPeriod": "90"])
        for batch in 0..<60 {
            let numbers = 300 * batch..<300 * (batch + 1)
            let plain = numbers.map { OutgoingMessage("\($0)") }
            let grouped = numbers.map { OutgoingMessage("\($0)", group: "g", deduplicationID: "\($0)") }
            engine.run([
                engine.write(SendMessages(to: expiring, plain, isBatch: true)).0,
                engine.write(SendMessages(to: fifo, grouped, isBatch: true)).0,
            ])
            engine.files.advance(seconds: 10)
        }
        // What a batch sends, times the number of batches for which it stays, and one more.
        #expect(try engine.files.counts(expiring)[0] <= 300 * 7)
        #expect(try engine.files.counts(fifo)[2] <= 300 * 7)
        let file = try Connection(path: engine.files.path, mode: .readOnly)
        let remembered = try file.prepare("SELECT count(*) FROM deduplication").first { Int($0.integer(0)) }
        try file.close()
        #expect(try #require(remembered) <= 300 * 31)
        try engine.files.checkInvariants()
    }

    @Test("after a restart everything that is due is done", arguments: [false, true])
    func restart(isCrash: Bool) throws {
        let short = try engine.createQueue("short", ["MessageRetentionPeriod": "60"])
        try engine.send("expires", to: short)
        try engine.send("delayed", to: queue, delay: 100)
        try engine.send("purged", to: queue)
        if isCrash { try engine.crash() } else { try engine.restart() }
        engine.advance(seconds: 100)
        #expect(try engine.files.counts(short) == [0, 0, 0])
        #expect(try engine.files.counts(queue) == [2, 0, 0])
    }

    @Test func `exhausted messages of a long stop are moved after the start`() throws {
        let dead = try engine.createQueue("dead")
        let source = try engine.createQueue("source", redrive(to: dead, after: 1))
        try engine.send("a", to: source)
        _ = engine.poll(source, wait: 0)
        engine.files.advance(seconds: 3600)
        try engine.restart()
        engine.settle()
        engine.advance(seconds: 60)
        #expect(try engine.files.counts(dead) == [1, 0, 0])
    }
}
