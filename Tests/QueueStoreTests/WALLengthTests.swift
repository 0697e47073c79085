import Glibc
import QueueModel
import SQLite
import TestSupport
import Testing

@testable import QueueStore

/// How long the WAL is.
struct WALLengthTests {
    private let fixture: StoreFixture
    private let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        fixture.checksInvariants = false
        queue = try fixture.createQueue("q")
    }

    private func walBytes() throws -> Int {
        var status = stat()
        try #require(stat(fixture.path + "-wal", &status) == 0)
        return Int(status.st_size)
    }

    /// One batch of messages.
    private func send(_ count: Int, bytes: Int) throws {
        let text = String(repeating: "x", count: bytes)
        try fixture.batch { transaction in
            for _ in 0..<count / 10 {
                let messages = (0..<10).map { _ in OutgoingMessage(text) }
                _ = transaction.perform(SendMessages(to: queue, messages, isBatch: true))
            }
        }
    }

    @Test func `the WAL of a very large batch is cut off with the next one`() throws {
        try send(400, bytes: 90_000)
        #expect(try walBytes() > 2 * Store.walBytesMax)
        try fixture.send("next", to: queue)
        #expect(try walBytes() <= Store.walBytesMax)
    }

    @Test func `a WAL that has grown behind a long reader is cut off when the reader has gone`() throws {
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        try reader.execute("BEGIN; SELECT count(*) FROM message")
        for _ in 0..<40 { try send(100, bytes: 8000) }
        #expect(try walBytes() > 2 * Store.walBytesMax)
        try reader.execute("COMMIT")
        // The first is followed by a checkpoint of everything, the second begins the WAL anew.
        for _ in 0..<2 { try fixture.send("next", to: queue) }
        #expect(try walBytes() <= Store.walBytesMax)
        try reader.close()
    }

    @Test func `what is removed is not written once more`() throws {
        try send(20, bytes: 90_000)
        try fixture.reopen()
        try fixture.perform(PurgeQueue(name: queue))
        try fixture.batch { transaction in _ = transaction.perform(EmptyLeftBacklogs(limit: 20)) }
        #expect(try fixture.messages().isEmpty)
        #expect(try walBytes() < 20 * 4096)
    }

    @Test func `in ordinary service the WAL keeps its length`() throws {
        func serve() throws { for _ in 0..<5 { try send(100, bytes: 8000) } }
        try serve()
        let before = try walBytes()
        #expect(before > 500 * 4096)
        for _ in 0..<3 {
            try serve()
            #expect(try walBytes() >= before)
        }
    }
}
