import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

/// Retention, purges and what deleted queues leave behind. Reference: 2.8, 2.15, 5.3.
struct RetentionTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q", ["MessageRetentionPeriod": "60"])
    }

    @Test func `a message is removed at the end of its retention, whatever its state`() throws {
        try fixture.send("in flight", to: queue)
        try fixture.send("visible", to: queue)
        try fixture.send("delayed", to: queue, delay: 900)
        _ = try fixture.receive(from: queue, 1, timeout: 600)
        fixture.advance(milliseconds: 59_999)
        #expect(try fixture.removeExpired(from: queue).nextDue == fixture.now.adding(milliseconds: 1))
        #expect(try fixture.counts(queue) == [1, 1, 1])
        fixture.advance(milliseconds: 1)
        let sweep = try fixture.removeExpired(from: queue)
        #expect(sweep.count == 3)
        #expect(try fixture.counts(queue) == [0, 0, 0])
        #expect(try fixture.removeExpired(from: queue).nextDue == nil)
    }

    @Test func `an expired message is not handed out though no sweep has come`() throws {
        try fixture.send("old", to: queue)
        fixture.advance(seconds: 30)
        try fixture.send("young", to: queue)
        fixture.advance(seconds: 30)
        #expect(try fixture.receiveTexts(from: queue) == ["young"])
        #expect(try fixture.counts(queue) == [0, 1, 0])
    }

    @Test func `an expired message does not become visible again`() throws {
        try fixture.send("a", to: queue)
        _ = try fixture.receive(from: queue, timeout: 60)
        fixture.advance(seconds: 60)
        try fixture.makeDueVisible()
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    @Test func `a large sweep is done in batches, the oldest first`() throws {
        for number in 1...5 {
            try fixture.send("\(number)", to: queue)
            fixture.advance(seconds: 1)
        }
        fixture.advance(seconds: 58)
        let first = try fixture.removeExpired(from: queue, limit: 2)
        #expect(first.count == 2)
        #expect(first.nextDue == fixture.now)
        let second = try fixture.removeExpired(from: queue, limit: 2)
        #expect(second.count == 2)
        let third = try fixture.removeExpired(from: queue, limit: 2)
        #expect(third.count == 0)
        #expect(third.nextDue == fixture.now.adding(seconds: 1))
        #expect(try fixture.receiveTexts(from: queue) == ["5"])
    }

    @Test func `a lower retention expires messages that are there, a higher one keeps them`() throws {
        let other = try fixture.createQueue("other")
        try fixture.send("a", to: other)
        try fixture.send("b", to: queue)
        fixture.advance(seconds: 59)
        try fixture.setAttributes(of: queue, ["MessageRetentionPeriod": "120"])
        fixture.advance(seconds: 1)
        try fixture.setAttributes(of: other, ["MessageRetentionPeriod": "60"])
        try fixture.removeExpired(from: other)
        try fixture.removeExpired(from: queue)
        #expect(try fixture.counts(other) == [0, 0, 0])
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    @Test func `an expired head frees its FIFO group`() throws {
        let fifo = try fixture.createQueue("q.fifo", ["MessageRetentionPeriod": "60"])
        try fixture.send("1", to: fifo, group: "g", deduplicationID: "1")
        _ = try fixture.receive(from: fifo, timeout: 600)
        fixture.advance(seconds: 30)
        try fixture.send("2", to: fifo, group: "g", deduplicationID: "2")
        #expect(try fixture.receive(from: fifo).isEmpty)
        fixture.advance(seconds: 30)
        let id = try fixture.id(of: fifo)
        let news = try fixture.batch { _ = $0.perform(RemoveExpiredMessages(queue: id, limit: 10)) }
        #expect(news.availableQueues == [id])
        #expect(try fixture.receiveTexts(from: fifo) == ["2"])
    }

    @Test func `messages of FIFO groups expire at their moment, in whatever order the groups come`() throws {
        let fifo = try fixture.createQueue("q.fifo", ["MessageRetentionPeriod": "60"])
        func send(_ group: String, _ number: Int) throws {
            try fixture.send("\(group)\(number)", to: fifo, group: group, deduplicationID: "\(group)\(number)")
        }
        let start = fixture.now
        for number in 1...4 {
            for group in ["a", "b", "c"] { try send(group, number) }
            fixture.advance(seconds: 10)
        }
        // The oldest of one group has gone, and of another one all, before a new one came.
        let received = try fixture.receive(from: fifo, 1) + fixture.receive(from: fifo, 4)
        #expect(received.map(\.text) == ["a1", "b1", "b2", "b3", "b4"])
        for message in received { try fixture.delete(message, from: fifo) }
        try send("b", 5)
        #expect(try fixture.removeExpired(from: fifo).nextDue == start.adding(seconds: 60))
        fixture.advance(seconds: 20)
        // Of "a" it has only to find that it is younger; of "c" the first goes.
        #expect(try fixture.removeExpired(from: fifo).nextDue == start.adding(seconds: 70))
        #expect(try fixture.counts(fifo) == [7, 0, 0])
        fixture.advance(seconds: 29)
        #expect(try fixture.removeExpired(from: fifo).nextDue == start.adding(seconds: 90))
        #expect(try fixture.counts(fifo) == [3, 0, 0])
        fixture.advance(seconds: 10)
        #expect(try fixture.removeExpired(from: fifo).nextDue == start.adding(seconds: 100))
        fixture.advance(seconds: 1)
        #expect(try fixture.removeExpired(from: fifo).nextDue == nil)
        #expect(try fixture.counts(fifo) == [0, 0, 0])
    }

    @Test func `a group without messages, which should not be, does not hold up the others`() throws {
        let fifo = try fixture.createQueue("q.fifo", ["MessageRetentionPeriod": "60"])
        try fixture.send("1", to: fifo, group: "g", deduplicationID: "1")
        fixture.checksInvariants = false
        fixture.close()
        let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
        try connection.execute(
            """
            INSERT INTO message_group (backlog_id, group_id, number, sent_from)
            SELECT backlog_id, 'empty', 1, 0 FROM queue WHERE is_fifo
            """)
        try connection.close()
        try fixture.open()
        fixture.advance(seconds: 60)
        let swept = try fixture.removeExpired(from: fifo)
        #expect(swept.count == 2 && swept.nextDue == nil)
        try fixture.checkInvariants()
        #expect(try fixture.counts(fifo) == [0, 0, 0])
    }

    @Test("a large sweep of FIFO groups is done in batches", arguments: [1, 2, 3, 7])
    func largeSweepOfGroups(limit: Int) throws {
        let fifo = try fixture.createQueue("q.fifo", ["MessageRetentionPeriod": "60"])
        for number in 1...4 {
            for group in 1...5 {
                try fixture.send(
                    "\(number)", to: fifo, group: "\(group)", deduplicationID: "\(group) \(number)")
            }
        }
        fixture.advance(seconds: 59)
        try fixture.send("young", to: fifo, group: "3", deduplicationID: "young")
        fixture.advance(seconds: 1)
        var batches: [Int] = []
        while batches.count < 100 {
            let sweep = try fixture.removeExpired(from: fifo, limit: limit)
            #expect(sweep.count <= limit)
            if sweep.nextDue != fixture.now {
                #expect(sweep.nextDue == fixture.now.adding(seconds: 59))
                break
            }
            batches.append(sweep.count)
        }
        #expect(try fixture.counts(fifo) == [1, 0, 0])
        #expect(batches.reduce(0, +) >= 20 - limit)
        #expect(try fixture.receiveTexts(from: fifo) == ["young"])
    }

    // MARK: Purge

    @Test func `a purge removes visible, delayed and in-flight messages, for good`() throws {
        try fixture.send("in flight", to: queue)
        let message = try fixture.receive(from: queue)[0]
        try fixture.send("visible", to: queue)
        try fixture.send("delayed", to: queue, delay: 5)
        try fixture.perform(PurgeQueue(name: queue))
        #expect(try fixture.counts(queue) == [0, 0, 0])
        try fixture.delete(message, from: queue)
        #expect(throws: QueueError.messageNotAvailable("handle")) {
            try fixture.changeVisibility(of: message, in: queue, to: 0)
        }
        try fixture.send("after", to: queue)
        try fixture.crash()
        fixture.advance(seconds: 40)
        try fixture.makeDueVisible()
        #expect(try fixture.receiveTexts(from: queue) == ["after"])
        #expect(try fixture.counts(queue) == [0, 1, 0])
    }

    @Test func `a second purge is refused for sixty seconds, also across a restart`() throws {
        try fixture.perform(PurgeQueue(name: queue))
        fixture.advance(milliseconds: 59_999)
        try fixture.crash()
        #expect(throws: QueueError.purgeInProgress(queue: "q")) { try fixture.perform(PurgeQueue(name: queue)) }
        fixture.advance(milliseconds: 1)
        try fixture.perform(PurgeQueue(name: queue))
        let relaxed = try StoreFixture(strictLimits: false)
        let other = try relaxed.createQueue("q")
        try relaxed.perform(PurgeQueue(name: other))
        try relaxed.perform(PurgeQueue(name: other))
    }

    @Test(
        "what a purged or deleted queue leaves is emptied in batches, without touching what came after",
        arguments: [false, true])
    func leftBacklog(isDeleted: Bool) throws {
        let fifo = try fixture.createQueue("q.fifo", ["DelaySeconds": "1"])
        for number in 1...5 {
            try fixture.send("\(number)", to: fifo, group: "g\(number)", deduplicationID: "\(number)")
        }
        fixture.advance(seconds: 1)
        try fixture.makeDueVisible()
        _ = try fixture.receive(from: fifo, 2, attempt: "attempt")
        let news = try fixture.batch {
            _ = isDeleted ? $0.perform(DeleteQueue(name: fifo)) : $0.perform(PurgeQueue(name: fifo))
        }
        #expect(news.leftBacklogs)
        if !isDeleted { try fixture.send("after", to: fifo, group: "g1", deduplicationID: "1") }
        // Five messages, five groups and five deduplication records with two attempts, then the backlog itself.
        #expect(try fixture.emptyLeftBacklogs(limit: 2) >= 7)
        #expect(try fixture.emptyLeftBacklogs(limit: 2) == 0)
        fixture.advance(seconds: 300)
        try fixture.makeDueVisible()
        let records = try fixture.removeExpiredRecords()
        #expect(records.count == 1)
        if !isDeleted { #expect(try fixture.receiveTexts(from: fifo) == ["after"]) }
    }

    @Test func `messages of a left backlog that become due are removed`() throws {
        try fixture.send("delayed", to: queue, delay: 5)
        try fixture.send("in flight", to: queue)
        _ = try fixture.receive(from: queue)
        try fixture.perform(PurgeQueue(name: queue))
        fixture.advance(seconds: 30)
        #expect(try fixture.makeDueVisible().count == 2)
        #expect(try fixture.counts(queue) == [0, 0, 0])
        #expect(try fixture.emptyLeftBacklogs() == 1)
    }
}
