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

    private func walBytes() -> Int { fixture.fileSize(suffix: "-wal") }

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

    /// The WAL becomes shorter, but not by very much at once, as often as it begins anew.
    private func cutOff() throws {
        var before = walBytes()
        repeat {
            try fixture.send("begins the WAL anew", to: queue)
            try #require(before - 2 * Store.walBytesMax..<before ~= walBytes())
            before = walBytes()
            // Is followed by a checkpoint of everything.
            try send(300, bytes: 8000)
        } while before > Store.walBytesMax
    }

    @Test func `the WAL of a very large batch is cut off with the next ones`() throws {
        try send(400, bytes: 90_000)
        #expect(walBytes() > 2 * Store.walBytesMax)
        fixture.store.awaitCatchUp()
        try cutOff()
    }

    /// A WAL that has grown behind a reader, who reads on.
    private func growBehindReader() throws -> Connection {
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        try reader.beginReading()
        for _ in 0..<40 { try send(100, bytes: 8000) }
        #expect(walBytes() > 2 * Store.walBytesMax)
        return reader
    }

    @Test func `a WAL that has grown behind a long reader is copied beside the writer when the reader has gone`() throws
    {
        let reader = try growBehindReader()
        let before = fixture.fileSize()
        #expect(fixture.store.isCatchingUp)
        try fixture.send("meanwhile", to: queue)
        #expect(fixture.fileSize() == before)
        try reader.execute("COMMIT")
        fixture.store.awaitCatchUp()
        #expect(fixture.fileSize() > before + Store.walBytesMax)
        #expect(!fixture.store.isCatchingUp)
        #expect(try fixture.messages()["q"]?.count == 4001)
        try cutOff()
        try fixture.checkForDamage()
        try reader.close()
    }

    @Test func `copying that failed is tried again a second later`() throws {
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        try reader.beginReading()
        // The writer goes on with the file that it has open.
        #expect(rename(fixture.path, fixture.path + ".away") == 0)
        for _ in 0..<40 where !fixture.store.isCatchingUp { try send(100, bytes: 8000) }
        #expect(fixture.store.isCatchingUp)
        fixture.store.awaitCatchUp()
        #expect(fixture.failures.takeAll().map(\.isFatal) == [false])
        #expect(rename(fixture.path + ".away", fixture.path) == 0)
        try fixture.send("at once", to: queue)
        #expect(!fixture.store.isCatchingUp)
        fixture.advance(seconds: 1)
        try fixture.send("later", to: queue)
        #expect(fixture.store.isCatchingUp)
        try reader.execute("COMMIT")
        fixture.store.awaitCatchUp()
        #expect(fixture.failures.all.isEmpty)
        try fixture.checkForDamage()
        try reader.close()
    }

    @Test func `a stop does not wait until a long reader has gone`() throws {
        let reader = try growBehindReader()
        #expect(fixture.store.isCatchingUp)
        fixture.close()
        try reader.close()
        try fixture.open()
        #expect(try fixture.messages()["q"]?.count == 4000)
    }

    @Test func `rounds go on until little is left`() throws {
        fixture.store.checkpointPages = .max
        func copied() throws -> Int {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            try connection.execute("SELECT count(*) FROM sqlite_schema")
            try connection.checkpoint()
            defer { try? connection.close() }
            return connection.copiedPageCount
        }
        try send(100, bytes: 8000)
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        try reader.beginReading()
        for _ in 0..<4 { try send(100, bytes: 8000) }
        let rounds = try CatchUpRounds(path: fixture.path, pagesLeft: 100)
        // What the reader sees, and no more.
        #expect(try rounds.next() == .goesOn)
        #expect(try rounds.next() == .isHeldUp)
        let seen = try copied()
        #expect(seen > 200)
        try reader.execute("COMMIT")
        #expect(try rounds.next() == .goesOn)
        #expect(try copied() > 4 * seen)
        #expect(rounds.copiedPages == (try copied()))
        // What was sent meanwhile, until a round leaves nearly as much as it has copied, or little.
        try send(100, bytes: 8000)
        #expect(try rounds.next() == .goesOn)
        try send(100, bytes: 8000)
        #expect(try rounds.next() == .isDone)
        try send(20, bytes: 8000)
        #expect(try rounds.next() == .isDone)
        try rounds.close()
        try reader.close()
    }

    @Test func `the log does not begin anew while a round copies it`() throws {
        fixture.store.checkpointPages = .max
        try send(100, bytes: 8000)
        let before = walBytes()
        let rounds = try CatchUpRounds(path: fixture.path, pagesLeft: 100)
        // All is copied then, and this is where SQLite's bug would be met.
        var sent: Result<Void, any Error>?
        _ = try rounds.next { sent = Result { try send(100, bytes: 8000) } }
        try #require(sent).get()
        let grown = walBytes()
        #expect(grown > before)
        _ = try rounds.next()
        try send(100, bytes: 8000)
        #expect(walBytes() == grown)
        try rounds.close()
    }

    @Test func `what is removed is not written once more`() throws {
        try send(20, bytes: 90_000)
        try fixture.reopen()
        try fixture.perform(PurgeQueue(name: queue))
        try fixture.batch { transaction in _ = transaction.perform(EmptyLeftBacklogs(limit: 20)) }
        #expect(try fixture.messages().isEmpty)
        #expect(walBytes() < 20 * 4096)
    }

    @Test func `in ordinary service the WAL keeps its length`() throws {
        func serve() throws { for _ in 0..<5 { try send(100, bytes: 8000) } }
        try serve()
        let before = walBytes()
        #expect(before > 500 * 4096)
        for _ in 0..<3 {
            try serve()
            #expect(walBytes() >= before)
        }
    }
}
