import Crypto
import QueueModel
import SQLite
import TestSupport
import Testing

@testable import Migrations
@testable import QueueStore

/// Opening a file: new, known, foreign, too new, damaged or taken.
struct MigrationTests {
    let directory = TemporaryDirectory()
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private var path: String { directory.file("q.db") }

    private func open() throws(StoreOpenError) -> Store {
        try Store(options: StoreOptions(path: path, inFlightMax: 10), now: now) { fatalError("storage: \($0)") }
    }

    /// Opens must fail, and not change a byte.
    private func expectRefusal(_ description: String, _ isExpected: (StoreOpenError) -> Bool) throws {
        let before = directory.contents("q.db")
        do {
            try open().close()
            Issue.record("opened")
        } catch {
            #expect(isExpected(error), "\(error)")
            #expect(error.description == description)
        }
        #expect(directory.contents("q.db") == before)
        #expect(directory.files == ["q.db"])
    }

    /// Changes the closed file by SQL.
    private func change(_ sql: String) throws {
        let connection = try Connection(path: path, mode: .readWriteCreate)
        try connection.execute(sql)
        try connection.close()
    }

    // MARK: Embedded steps

    @Test func `the steps are numbered without a gap and named by their files`() {
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
        for migration in Migration.all {
            let digits = String(migration.version)
            let number = String(repeating: "0", count: 4 - digits.count) + digits
            #expect(migration.name.hasPrefix("\(number)_"))
            #expect(!migration.sql.isEmpty)
        }
    }

    // MARK: Opening

    @Test func `a new file gets the schema, and a clean close leaves one file`() throws {
        let store = try open()
        #expect(store.allQueues() == [])
        #expect(directory.files.contains("q.db-wal"))
        store.close()
        #expect(directory.files == ["q.db"])
        let connection = try Connection(path: path, mode: .readOnly)
        defer { try? connection.close() }
        #expect(
            try connection.prepare("SELECT version, name, sha256, applied_at FROM migration ORDER BY version").all {
                "\($0.integer(0)) \($0.text(1)) \($0.text(2)) \($0.integer(3))"
            }
                == Migration.all.map {
                    "\($0.version) \($0.name) \(SHA256.hexDigest(of: $0.sql)) \(now.milliseconds)"
                })
        #expect(try connection.prepare("PRAGMA application_id").first { $0.integer(0) } == Migrator.applicationID)
        #expect(try connection.prepare("PRAGMA journal_mode").first { $0.text(0) } == "wal")
        #expect(try connection.prepare("PRAGMA auto_vacuum").first { $0.integer(0) } == 2)
        #expect(try connection.prepare("PRAGMA integrity_check").first { $0.text(0) } == "ok")
    }

    @Test func `an empty file is a new one`() throws {
        directory.write([], to: "q.db")
        try open().close()
        try open().close()
    }

    @Test func `a file opened again is left as it is, but for the counters in its header`() throws {
        try open().close()
        let before = directory.contents("q.db")
        try open().close()
        #expect(directory.contents("q.db")?.dropFirst(100) == before?.dropFirst(100))
    }

    // MARK: Refusals

    @Test func `a file of a newer version is refused`() throws {
        try open().close()
        try change("INSERT INTO migration VALUES (99, '0099_future', 'x', 0)")
        try expectRefusal(
            "\(path) was written by a newer Holdfast (schema 99, this one knows \(Migration.all.count)); "
                + "use that version"
        ) { if case .newerVersion = $0 { true } else { false } }
    }

    @Test func `a file with another form of a step is refused`() throws {
        try open().close()
        try change("UPDATE migration SET sha256 = 'other' WHERE version = 1")
        try expectRefusal(
            "\(path) was written with another form of migration \(Migration.all[0].name); use the Holdfast that wrote it"
        ) { if case .migrationChanged = $0 { true } else { false } }
    }

    @Test(
        "another program's database is refused",
        arguments: ["CREATE TABLE notes (text TEXT)", "PRAGMA application_id = 1", "PRAGMA user_version = 0; VACUUM"])
    func otherProgram(sql: String) throws {
        try change(sql)
        guard sql.hasPrefix("CREATE") || sql.contains("application_id") else {
            // Without tables or an owner it is as good as new.
            return try open().close()
        }
        try expectRefusal("\(path) is a database of another program; name another file") {
            if case .otherProgram = $0 { true } else { false }
        }
    }

    @Test(
        "what is no database is refused",
        arguments: [
            Array("not a database, but long enough to have a header of its own, as SQLite's is: 100 bytes ……".utf8)
        ])
    func noDatabase(contents: [UInt8]) throws {
        directory.write(contents, to: "q.db")
        try expectRefusal("\(path) is not a database, or is damaged; name another file, or restore a backup") {
            if case .notADatabase = $0 { true } else { false }
        }
    }

    @Test func `a second opener is refused while the first has the file, and may open it then`() throws {
        let first = try open()
        #expect {
            try open()
        } throws: {
            if case StoreOpenError.inUse(path) = $0 { true } else { false }
        }
        first.close()
        try open().close()
    }

    @Test func `a refused file can be opened by the same process once it is mended`() throws {
        try open().close()
        try change("INSERT INTO migration VALUES (99, '0099_future', 'x', 0)")
        #expect(throws: StoreOpenError.self) { try open() }
        try change("DELETE FROM migration WHERE version = 99")
        try open().close()
    }

    @Test func `a file in a missing directory is refused with its path`() {
        let options = StoreOptions(path: directory.file("missing/q.db"), inFlightMax: 10)
        do {
            _ = try Store(options: options, now: now) { _ in }
            Issue.record("opened")
        } catch {
            #expect(error.description.hasPrefix("cannot open database \(options.path): No such file or directory"))
        }
    }

    // MARK: Steps

    private func migrate(_ migrations: [Migration]) throws -> [Int64] {
        let connection = try Connection(path: path, mode: .readWriteCreate)
        defer { try? connection.close() }
        let migrator = Migrator(connection: connection, path: path, migrations: migrations, now: now)
        _ = try migrator.check()
        try migrator.run()
        return try connection.prepare("SELECT version FROM migration ORDER BY version").all { $0.integer(0) }
    }

    private func step(_ version: Int, _ sql: String) -> Migration {
        Migration(version: version, name: "000\(version)_step", sql: Array(sql.utf8))
    }

    @Test func `later steps are applied to a file that has the earlier ones`() throws {
        let first = step(1, "CREATE TABLE a (x)")
        #expect(try migrate([first]) == [1])
        #expect(try migrate([first, step(2, "CREATE TABLE b (x)"), step(3, "DROP TABLE a")]) == [1, 2, 3])
    }

    @Test func `a step that fails leaves nothing of itself, and starts over at the next opening`() throws {
        let first = step(1, "CREATE TABLE a (x)")
        #expect(throws: StoreOpenError.self) {
            try migrate([first, step(2, "CREATE TABLE b (x); CREATE TABLE a (x)")])
        }
        #expect(try migrate([first]) == [1])
        #expect(try migrate([first, step(2, "CREATE TABLE b (x); CREATE TABLE c (x)")]) == [1, 2])
    }

    @Test func `a first step cut short leaves a file that is new`() throws {
        #expect(throws: StoreOpenError.self) { try migrate([step(1, "CREATE TABLE a (x); nonsense")]) }
        try open().close()
    }
}
