import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

/// Backups put in the place of a database.
struct RestoreTests {
    let directory = TemporaryDirectory()
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let queue = QueueName(account: "000000000000", region: "us-east-1", name: "q")

    init() throws {
        let fixture = try StoreFixture()
        try fixture.createQueue("q")
        try fixture.send("from the backup", to: queue)
        _ = try Backup(of: DatabaseFile(path: fixture.path), to: directory.file("backup.db")).run()
    }

    private func open() throws -> Store {
        try Store(options: StoreOptions(path: directory.file("q.db"), inFlightMax: 10), now: now) {
            Issue.record("\($0)")
        }
    }

    @discardableResult
    private func restore(force: Bool = false) throws -> CheckReport {
        try Restore(
            DatabaseFile(path: directory.file("backup.db")), to: directory.file("q.db"), replaces: force, now: now
        ).run()
    }

    /// The bodies in the restored file, as its daemon hands them out.
    private func bodies() throws -> [String] {
        let store = try open()
        defer { store.close() }
        var texts: [String] = []
        _ = store.transact(at: now) {
            texts = (try? $0.perform(ReceiveMessages(from: queue, limit: 10)).get().map(\.text)) ?? []
        }
        return texts
    }

    @Test func `a backup becomes the database, and stays where it is`() throws {
        let backup = directory.contents("backup.db")
        let report = try restore()
        #expect(report.queues.map(\.counts.visible) == [1])
        #expect(directory.files == ["backup.db", "q.db"])
        #expect(try bodies() == ["from the backup"])
        #expect(directory.contents("backup.db") == backup)
    }

    @Test func `no message gets the number of one that was sent after the backup, or after an earlier restore`() throws
    {
        let fixture = try StoreFixture()
        let fifo = try fixture.createQueue("q.fifo")
        _ = try Backup(of: DatabaseFile(path: fixture.path), to: directory.file("fifo.db")).run()
        var last = try #require(
            try fixture.send("later", to: fifo, group: "g", deduplicationID: "1").sequenceNumber)
        for restored in 1...2 {
            let now = now.adding(milliseconds: Int64(restored))
            _ = try Restore(
                DatabaseFile(path: directory.file("fifo.db")), to: directory.file("q.db"), replaces: true, now: now
            ).run()
            let store = try open()
            defer { store.close() }
            var sent: SentMessage?
            _ = store.transact(at: now) {
                let message = OutgoingMessage("new", group: "g", deduplicationID: "2")
                sent = try? $0.perform(SendMessages(to: fifo, [message], isBatch: false)).get().first?.get()
            }
            let number = try #require(sent?.sequenceNumber)
            // However many were sent after it.
            #expect(number.rawValue > last.rawValue + 500_000)
            last = number
        }
    }

    @Test func `a database that is there is given up only by force`() throws {
        try open().close()
        let before = directory.contents("q.db")
        #expect { try restore() } throws: { "\($0)".contains("exists, and is not overwritten; --force") }
        #expect(directory.contents("q.db") == before)
        try restore(force: true)
        #expect(try bodies() == ["from the backup"])
    }

    @Test func `a database in use is not given up`() throws {
        let store = try open()
        #expect { try restore(force: true) } throws: { "\($0)".contains("is in use by another process") }
        store.close()
        #expect(try bodies() == [])
    }

    @Test func `the log of the old database does not get into the new one`() throws {
        let fixture = try StoreFixture()
        let other = try fixture.createQueue("other")
        for number in 1...50 { try fixture.send("old \(number)", to: other) }
        for suffix in ["", "-wal"] {
            directory.write(fixture.directory.contents("store-1.db\(suffix)") ?? [], to: "q.db\(suffix)")
        }
        try restore(force: true)
        #expect(directory.files == ["backup.db", "q.db"])
        #expect(try bodies() == ["from the backup"])
    }

    @Test func `a log without its database is not given up unasked`() throws {
        directory.write([1], to: "q.db-wal")
        #expect { try restore() } throws: { "\($0)".contains("exists, and is not overwritten") }
        #expect(directory.files == ["backup.db", "q.db-wal"])
    }

    @Test func `a damaged backup is not restored`() throws {
        let connection = try Connection(path: directory.file("backup.db"), mode: .readWriteCreate)
        try connection.execute("UPDATE message_body SET body = 'other'")
        try connection.close()
        #expect { try restore() } throws: { "\($0)".contains("does not have its MD5") }
        #expect(directory.files == ["backup.db"])
    }
}
