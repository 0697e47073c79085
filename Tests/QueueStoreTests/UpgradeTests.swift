import Glibc
import QueueModel
import SQLite
import TestSupport
import Testing

@testable import Migrations
@testable import QueueStore

/// Files written by every earlier schema version are opened, brought up to date and served. What is in them stands in
/// `Scripts/support/make_fixture.py`.
struct UpgradeTests {
    let directory = TemporaryDirectory()
    private var path: String { directory.file("old.db") }
    private let orders = QueueName(account: "000000000000", region: "us-east-1", name: "orders")
    private let dead = QueueName(account: "000000000000", region: "us-east-1", name: "dead")
    private let tasks = QueueName(account: "000000000000", region: "us-east-1", name: "tasks.fifo")

    static let versions = 1...Migration.all.count

    private static func fixture(_ version: Int) -> String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let digits = String(version)
        return "/\(folder)/Fixtures/schema-\(String(repeating: "0", count: 4 - digits.count))\(digits).db"
    }

    private func copyFixture(_ version: Int) throws {
        let source = try #require(fopen(Self.fixture(version), "r"), "no fixture: run Scripts/make-fixture")
        defer { fclose(source) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, source))
        directory.write(bytes, to: "old.db")
    }

    /// A moment when the messages of the fixture are neither expired nor due.
    private func time() throws -> Timestamp {
        let connection = try Connection(path: path, mode: .immutable)
        defer { try? connection.close() }
        return try connection.prepare("SELECT max(sent_at) FROM message").first {
            Timestamp(milliseconds: $0.integer(0))
        } ?? Timestamp(milliseconds: 0)
    }

    private func serve(at now: Timestamp, _ body: (WriteTransaction) throws -> Void) throws {
        let options = StoreOptions(path: path, durability: .relaxed, inFlightMax: 100)
        let store = try Store(options: options, now: now) { Issue.record("storage: \($0)") }
        defer { store.close() }
        var failure: (any Error)?
        _ = try store.transact(at: now) { transaction in
            do { try body(transaction) } catch { failure = error }
        }.get()
        if let failure { throw failure }
    }

    private func receive(
        _ queue: QueueName, _ transaction: WriteTransaction
    ) throws -> [ReceivedMessage] {
        try transaction.perform(ReceiveMessages(from: queue, limit: 10)).get()
    }

    private func expectSound() throws {
        let file = try DatabaseFile(path: path)
        defer { file.close() }
        let report = try DatabaseCheck(of: file).run()
        #expect(report.problems == [])
        #expect(report.schemaVersion == Migration.all.count)
    }

    @Test("a file of every version is served with all that was in it", arguments: versions)
    func serves(version: Int) throws {
        try copyFixture(version)
        let now = try time()
        try serve(at: now) { transaction in
            let visible = try receive(orders, transaction)
            #expect(visible.map(\.text) == ["visible"])
            #expect(visible[0].receiveCount == 2)
            #expect(visible[0].attributes != nil)
            #expect(try receive(dead, transaction).map(\.text) == ["dead"])
            #expect(try receive(tasks, transaction).map(\.text) == ["a1", "a2", "b1", "b2"])
            let settings = try transaction.find(orders).get().settings
            #expect(settings.visibilityTimeoutSeconds == 45)
            #expect(settings.redrivePolicy?.receiveCountMax == 3)
        }
        try serve(at: now.adding(seconds: 900)) { transaction in
            _ = try transaction.perform(MakeDueMessagesVisible(limit: 100)).get()
            #expect(try receive(orders, transaction).map(\.text) == ["visible", "delayed"])
        }
        try expectSound()
    }

    @Test func `a FIFO message that was in flight before the upgrade holds up its group, and gives it free`() throws {
        try copyFixture(5)
        let now = try time()
        let connection = try Connection(path: path, mode: .readWriteCreate)
        try connection.execute(
            """
            UPDATE message SET state = 1, visible_at = \(now.adding(seconds: 30).milliseconds), receive_count = 1
                WHERE group_id = 'a' AND id = (SELECT min(id) FROM message WHERE group_id = 'a');
            UPDATE message_group SET in_flight = 1, position = NULL WHERE group_id = 'a';
            UPDATE backlog SET ready = ready - 1, in_flight = in_flight + 1
                WHERE id = (SELECT backlog_id FROM queue WHERE is_fifo);
            """)
        try connection.close()
        try serve(at: now) { transaction in
            let texts = try receive(tasks, transaction).map(\.text)
            #expect(texts == ["b1", "b2"])
        }
        try expectSound()
        try serve(at: now.adding(seconds: 30)) { transaction in
            _ = try transaction.perform(MakeDueMessagesVisible(limit: 100)).get()
            #expect(try receive(tasks, transaction).map(\.text).prefix(2) == ["a1", "a2"])
        }
        try expectSound()
    }

    @Test func `a FIFO receive from before the upgrade can be repeated after it, and its messages deleted`() throws {
        try copyFixture(6)
        let now = try time()
        let connection = try Connection(path: path, mode: .readWriteCreate)
        let until = now.adding(seconds: 30).milliseconds
        try connection.execute(
            """
            UPDATE message SET state = 1, visible_at = \(until), receive_count = 1, first_received_at = sent_at
                WHERE group_id = 'a';
            UPDATE message_group SET position = NULL WHERE group_id = 'a';
            UPDATE backlog SET ready = ready - 2, in_flight = in_flight + 2
                WHERE id = (SELECT backlog_id FROM queue WHERE is_fifo);
            INSERT INTO receive_attempt SELECT backlog_id, 'attempt', row_number() OVER (ORDER BY id), id, 1,
                \(now.milliseconds), \(until), \(until) FROM message WHERE group_id = 'a';
            """)
        try connection.close()
        try serve(at: now) { transaction in
            let repeated = try transaction.perform(ReceiveMessages(from: tasks, limit: 10, attemptID: "attempt")).get()
            #expect(repeated.map(\.text) == ["a1", "a2"])
            let delete = DeleteMessages(from: tasks, repeated.map(\.presentedWithoutGroup))
            for result in try transaction.perform(delete).get() { try result.get() }
            #expect(try receive(tasks, transaction).map(\.text) == ["b1", "b2"])
        }
        try expectSound()
    }

    @Test("a file of every version can be copied as it is", arguments: versions)
    func copies(version: Int) throws {
        try copyFixture(version)
        let file = try DatabaseFile(path: path)
        defer { file.close() }
        let report = try DatabaseCheck(of: file).run()
        #expect(report.problems == [])
        #expect(report.schemaVersion == version)
        #expect(report.isOfCurrentSchema == (version == Migration.all.count))
        _ = try Backup(of: file, to: directory.file("copy.db")).run()
        let copy = try DatabaseFile(path: directory.file("copy.db"))
        defer { copy.close() }
        #expect(try DatabaseCheck(of: copy).run().schemaVersion == version)
    }

    // MARK: Killed in the middle

    /// The statements of one step; in its comments no line ends with a semicolon.
    private static func statements(_ migration: Migration) -> [String] {
        String(decoding: migration.sql, as: UTF8.self).split(separator: ";\n").map(String.init)
    }

    /// Every number of statements after which the step to a version can be cut short.
    static let cuts = versions.dropFirst().flatMap { version in
        (1...statements(Migration.all[version - 1]).count).map { [version, $0] }
    }

    @Test("a step killed in the middle starts over", arguments: cuts)
    func killedInTheMiddle(cut: [Int]) async throws {
        let (version, count) = (cut[0], cut[1])
        try copyFixture(version - 1)
        let now = try time()
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, version = version as Int, count = count as Int] in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            // With no room in the cache, pages of the open transaction get into the log.
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1")
            try connection.execute("BEGIN IMMEDIATE")
            for statement in Self.statements(Migration.all[version - 1]).prefix(count) {
                try connection.execute(statement)
            }
            kill(getpid(), SIGKILL)
        }
        var texts: [String] = []
        try serve(at: now) { texts = try receive(orders, $0).map(\.text) }
        #expect(texts == ["visible"])
        try expectSound()
    }

    @Test("an upgrade killed between two steps goes on", arguments: versions.dropFirst())
    func killedBetween(version: Int) async throws {
        try copyFixture(1)
        let now = try time()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, version = version as Int] in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            try connection.execute("PRAGMA journal_mode = WAL")
            let migrator = Migrator(
                connection: connection, path: path, migrations: Array(Migration.all.prefix(version)),
                now: Timestamp(milliseconds: 0))
            _ = try migrator.check()
            try migrator.run()
            kill(getpid(), SIGKILL)
        }
        var texts: [String] = []
        try serve(at: now) { texts = try receive(orders, $0).map(\.text) }
        #expect(texts == ["visible"])
        try expectSound()
    }
}
