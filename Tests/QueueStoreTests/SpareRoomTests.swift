import QueueModel
import SQLite
import TestSupport
import Testing

@testable import QueueStore

/// What becomes of the room that deleted messages leave in the file.
struct SpareRoomTests {
    private static let pageSize = 4096
    private static let freePagesKept = 16

    private let fixture: StoreFixture
    private let queue: QueueName

    init() throws {
        fixture = try StoreFixture(strictLimits: false, freePagesKept: Self.freePagesKept)
        queue = try fixture.createQueue("q")
    }

    /// Messages of 8 KB, a hundred in a batch.
    private func fill(_ queue: QueueName, _ count: Int) throws {
        fixture.checksInvariants = false
        defer { fixture.checksInvariants = true }
        for start in stride(from: 0, to: count, by: 100) {
            try fixture.batch { transaction in
                for first in stride(from: start, to: start + 100, by: 10) {
                    let messages = (first..<first + 10).map { OutgoingMessage(text($0)) }
                    _ = transaction.perform(SendMessages(to: queue, messages, isBatch: true))
                }
            }
        }
    }

    private func text(_ number: Int) -> String { "\(number) " + String(repeating: "x", count: 8000) }

    private func empty(_ queue: QueueName) throws {
        try fixture.perform(PurgeQueue(name: queue))
        fixture.checksInvariants = false
        try fixture.emptyLeftBacklogs()
        fixture.checksInvariants = true
    }

    /// Gives back until there is nothing left to do. Returns the pages of each step.
    private func giveBackAll(limit: Int, between: () throws -> Void = {}) throws -> [Int] {
        var steps: [Int] = []
        while true {
            let result = try fixture.giveBackFreePages(limit: limit)
            steps.append(result.count)
            guard result.nextDue != nil else { return steps }
            try between()
        }
    }

    // MARK: The file

    @Test func `a file that was full for a while becomes short again, in small steps`() throws {
        let short = fixture.fileSize()
        try fill(queue, 2000)
        try empty(queue)
        #expect(fixture.fileSize() > 10_000_000)
        let steps = try giveBackAll(limit: 100)
        #expect(steps.count > 30 && steps.allSatisfy { $0 <= 100 })
        #expect(fixture.fileSize() < short + (Self.freePagesKept + 10) * Self.pageSize)
        try fixture.checkForDamage()
    }

    @Test func `messages at the end of the file move to its beginning and are as they were`() throws {
        let kept = try fixture.createQueue("kept")
        try fill(queue, 1000)
        try fill(kept, 100)
        try empty(queue)
        var sent = 0
        _ = try giveBackAll(limit: 500) {
            try fixture.send("meanwhile \(sent)", to: kept)
            sent += 1
        }
        #expect(sent > 1)
        #expect(fixture.fileSize() < 2_000_000)
        var texts: [String] = []
        while texts.count < 100 + sent { texts += try fixture.receiveTexts(from: kept) }
        #expect(texts == (0..<100).map(text) + (0..<sent).map { "meanwhile \($0)" })
        try fixture.checkForDamage()
    }

    @Test func `a step ends when its time is over, but not before a page is done`() throws {
        try fill(queue, 200)
        try empty(queue)
        #expect(try fixture.giveBackFreePages { true }.count == 1)
    }

    @Test func `a file with little room to spare stays as it is`() throws {
        try fill(queue, 200)
        let deleted = try fixture.receive(from: queue)
        for message in deleted { try fixture.delete(message, from: queue) }
        let before = fixture.fileSize()
        #expect(try fixture.giveBackFreePages() == SweepResult(count: 0))
        #expect(fixture.fileSize() == before)
    }

    @Test func `a batch tells when there is much room to spare`() throws {
        try fill(queue, 200)
        #expect(try !fixture.batch { _ in }.hasSpareRoom)
        try empty(queue)
        #expect(try fixture.batch { _ in }.hasSpareRoom)
        _ = try giveBackAll(limit: 100)
        #expect(try !fixture.batch { _ in }.hasSpareRoom)
    }

    @Test func `a file that somebody has made unable to give pages back keeps them`() throws {
        try fill(queue, 200)
        try empty(queue)
        fixture.close()
        let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
        try connection.execute("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
        try connection.close()
        try fixture.open()
        try fill(queue, 200)
        try empty(queue)
        #expect(try fixture.giveBackFreePages() == SweepResult(count: 0))
    }

    @Test(
        "it begins with more than a quarter free and ends with an eighth",
        arguments: [
            // pages, free, kept, begins, surplus
            (1000, 250, 16, false, 125), (1000, 251, 16, true, 126), (1000, 125, 16, false, 0),
            (100, 32, 16, false, 16), (100, 33, 16, true, 17), (20, 16, 16, false, 0),
        ])
    func hysteresis(pages: Int, free: Int, kept: Int, begins: Bool, surplus: Int) {
        let space = FileSpace(pages: pages, free: free, kept: kept)
        #expect(space.isPlenty == begins)
        #expect(space.surplus == surplus)
    }

    @Test func `a checkpoint cuts the end off before it takes long, and when there is no more to come`() {
        var end = FileEnd()
        #expect(!end.isDue)
        end.add(0, isLast: true)
        #expect(!end.isDue)
        end.add(16_383, isLast: false)
        #expect(!end.isDue)
        end.add(1, isLast: false)
        #expect(end.isDue)
        var short = FileEnd()
        short.add(1, isLast: true)
        #expect(short.isDue)
    }
}
