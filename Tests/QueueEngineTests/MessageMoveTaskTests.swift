import QueueModel
import QueueStore
import TestSupport
import Testing

@testable import QueueEngine

/// Message move tasks over time. Reference: 6.4.
struct MessageMoveTaskTests {
    let fixture: EngineFixture
    let dead: QueueName
    let queue: QueueName
    let other: QueueName

    init() throws {
        fixture = try EngineFixture()
        dead = try fixture.createQueue("dead")
        let policy = #"{"deadLetterTargetArn":"\#(dead.arn)","maxReceiveCount":1}"#
        queue = try fixture.createQueue("q", ["RedrivePolicy": policy])
        other = try fixture.createQueue("other")
    }

    private func start(to destination: QueueName?, rate: Int? = nil) throws {
        try fixture.perform(StartMessageMoveTask(from: dead, to: destination, rate: rate))
    }

    private func fill(_ count: Int) throws {
        for index in 0..<count { try fixture.send("\(index)", to: dead) }
    }

    private func task() throws -> MessageMoveTask {
        try #require(try fixture.files.read(ListMessageMoveTasks(source: dead, limit: 1)).first)
    }

    @Test func `a task without a rate moves all, a batch at a time, and requests are served in between`() throws {
        try fixture.files.batch { transaction in
            for index in 0..<100 {
                _ = transaction.perform(SendMessages(to: dead, [OutgoingMessage("\(index)")], isBatch: false))
            }
        }
        try start(to: other)
        fixture.settle()
        // Right after requests a small one.
        #expect(try task().movedCount == 3)
        fixture.advance(milliseconds: 1)
        #expect(try task().movedCount == 15)
        try fixture.send("urgent", to: queue)
        #expect(fixture.poll(queue, wait: nil).texts == ["urgent"])
        fixture.advance(milliseconds: 1)
        #expect(try task().movedCount == 18)
        for _ in 1...5 { fixture.advance(milliseconds: 1) }
        #expect(try fixture.files.counts(other) == [100, 0, 0])
        #expect(try task().status == .completed)
    }

    @Test func `a task takes a small part of a batch that follows requests, and then more with each`() throws {
        try fixture.files.batch { transaction in
            for index in 0..<500 {
                _ = transaction.perform(SendMessages(to: dead, [OutgoingMessage("\(index)")], isBatch: false))
            }
        }
        try start(to: other)
        let batches = [
            (1, 3), (50, 6), (400, 9), (0, 12), (0, 18), (0, 30), (0, 54), (0, 102), (0, 152), (9, 202), (0, 205),
        ]
        for (requests, moved) in batches {
            fixture.run((0..<requests).map { fixture.write(fixture.sending("\($0)", to: queue)).0 })
            #expect(try task().movedCount == moved)
            fixture.files.advance(milliseconds: 1)
        }
    }

    @Test func `a rate of one message a second is kept, and the engine sleeps in between`() throws {
        try fill(4)
        try start(to: other, rate: 1)
        let started = fixture.now
        for moved in 1...3 {
            fixture.settle()
            #expect(try task().movedCount == moved)
            #expect(fixture.due == started.adding(seconds: moved))
            fixture.advance(milliseconds: 999)
            #expect(try task().movedCount == moved)
            fixture.advance(milliseconds: 1)
        }
        #expect(try task().movedCount == 4)
        #expect(try task().status == .completed)
    }

    @Test func `a message that arrives is handed to who waits for it`() throws {
        try fill(1)
        let poll = fixture.poll(other)
        try start(to: other)
        fixture.settle()
        #expect(poll.texts == ["0"])
    }

    @Test func `a task that waits for messages in flight costs nothing until they are visible`() throws {
        try fill(2)
        #expect(fixture.poll(dead, limit: 1, timeout: 30, wait: nil).texts == ["0"])
        try start(to: other)
        let visibleAt = fixture.now.adding(seconds: 30)
        fixture.settle()
        #expect(try task().movedCount == 1)
        #expect(fixture.due == visibleAt)
        fixture.advance(seconds: 30)
        #expect(try task().status == .completed)
        #expect(fixture.poll(other).texts == ["1", "0"])
    }

    @Test func `a message made visible by its receiver is moved at once`() throws {
        try fill(1)
        let message = try #require(fixture.poll(dead, timeout: 3600, wait: nil).messages?.first)
        try start(to: other)
        fixture.settle()
        #expect(try task().status == .running)
        try fixture.changeVisibility(of: message, in: dead, to: 0)
        fixture.settle()
        #expect(try task().status == .completed)
        #expect(try fixture.files.counts(other) == [1, 0, 0])
    }

    @Test func `a task ends when the message it waits for is deleted`() throws {
        try fill(1)
        let message = try #require(fixture.poll(dead, timeout: 3600, wait: nil).messages?.first)
        try start(to: other)
        fixture.settle()
        try fixture.delete(message, from: dead)
        fixture.settle()
        #expect(try task().status == .completed)
    }

    @Test func `a waiting task ends with a purge, and fails with its destination`() throws {
        for end in [true, false] {
            try fill(1)
            _ = fixture.poll(dead, timeout: 3600, wait: nil)
            try start(to: other)
            fixture.settle()
            if end {
                try fixture.perform(PurgeQueue(name: dead))
            } else {
                try fixture.perform(DeleteQueue(name: other))
            }
            fixture.settle()
            #expect(try task().status == (end ? .completed : .failed))
        }
    }

    @Test(arguments: [false, true])
    func `running tasks go on after a restart, at their pace`(crashes: Bool) throws {
        try fill(4)
        try start(to: other, rate: 1)
        fixture.settle()
        fixture.advance(seconds: 1)
        #expect(try task().movedCount == 2)
        if crashes { try fixture.crash() } else { try fixture.restart() }
        fixture.settle()
        #expect(try task().movedCount == 2)
        fixture.advance(seconds: 1)
        fixture.advance(seconds: 1)
        #expect(try task().status == .completed)
        #expect(try fixture.files.counts(other) == [4, 0, 0])
    }

    @Test func `several tasks take turns`() throws {
        let policy = #"{"deadLetterTargetArn":"\#(other.arn)","maxReceiveCount":1}"#
        _ = try fixture.createQueue("q2", ["RedrivePolicy": policy])
        let first = try fixture.createQueue("first")
        let second = try fixture.createQueue("second")
        try fixture.files.batch { transaction in
            for index in 0..<300 {
                for queue in [dead, other] {
                    _ = transaction.perform(SendMessages(to: queue, [OutgoingMessage("\(index)")], isBatch: false))
                }
            }
        }
        try start(to: first)
        try fixture.perform(StartMessageMoveTask(from: other, to: second, rate: nil))
        fixture.advance(milliseconds: 1)
        fixture.advance(milliseconds: 1)
        #expect(try fixture.files.counts(first)[0] > 0)
        #expect(try fixture.files.counts(second)[0] > 0)
        for _ in 0..<20 { fixture.advance(milliseconds: 1) }
        #expect(try fixture.files.counts(first) == [300, 0, 0])
        #expect(try fixture.files.counts(second) == [300, 0, 0])
    }
}
