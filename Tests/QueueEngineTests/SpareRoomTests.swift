import QueueModel
import QueueStore
import TestSupport
import Testing

@testable import QueueEngine

/// When the file is made shorter.
struct SpareRoomTests {
    private let engine: EngineFixture
    private let queue: QueueName

    init() throws {
        engine = try EngineFixture(strictLimits: false, freePagesKept: 16)
        engine.files.checksInvariants = false
        queue = try engine.createQueue("q")
        engine.settle()
    }

    /// Fills the file with more pages than one batch gives back, and deletes what is in it.
    private func makeRoom() throws {
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<10 {
            let messages = (0..<10).map { _ in OutgoingMessage(text) }
            try engine.perform(SendMessages(to: queue, messages, isBatch: true))
        }
        try engine.perform(PurgeQueue(name: queue))
        engine.settle()
    }

    private func hasSpareRoom() throws -> Bool { try engine.files.batch { _ in }.hasSpareRoom }

    @Test func `room that was free for ten seconds is given back, with rests`() throws {
        try makeRoom()
        #expect(engine.due == engine.now.adding(seconds: 10))
        engine.advance(seconds: 10)
        #expect(engine.due == engine.now.adding(milliseconds: 10))
        var batches = 1
        while engine.due != nil {
            engine.advance(milliseconds: 10)
            batches += 1
        }
        #expect(batches > 2)
        #expect(try !hasSpareRoom())
    }

    @Test func `what comes back within ten seconds finds its room`() throws {
        try makeRoom()
        engine.files.advance(milliseconds: 9_999)
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<9 {
            let messages = (0..<10).map { _ in OutgoingMessage(text) }
            try engine.perform(SendMessages(to: queue, messages, isBatch: true))
        }
        let before = try engine.files.pageCount()
        engine.advance(milliseconds: 1)
        #expect(try engine.files.pageCount() == before)
    }

    @Test func `other sweeps come first`() throws {
        try makeRoom()
        // More than one batch makes visible, at the moment at which the ten seconds end.
        for _ in 0..<30 {
            let messages = (0..<10).map { _ in OutgoingMessage("delayed", delay: 10) }
            try engine.perform(SendMessages(to: queue, messages, isBatch: true))
        }
        let before = try engine.files.pageCount()
        engine.files.advance(milliseconds: 10_000)
        engine.run()
        #expect(try engine.files.pageCount() == before)
        engine.run()
        #expect(try engine.files.pageCount() < before)
    }

    @Test func `after a start it goes on`() throws {
        try makeRoom()
        try engine.restart()
        engine.settle()
        #expect(engine.due == engine.now.adding(seconds: 10))
    }
}
