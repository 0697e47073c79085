import Crypto
import Migrations
import QueueModel
import SQLite

/// Brings a database to the schema of this version: each step and its bookkeeping commit in one transaction, so that
/// a step cut short starts over.
struct Migrator {
    let connection: Connection
    let path: String
    let migrations: [Migration]
    let now: Timestamp

    /// Marks the file as ours in its header: "Hold". https://sqlite.org/pragma.html#pragma_application_id
    static let applicationID: Int64 = 0x486f_6c64

    /// Looks at the file without changing it: whether it is ours, not newer, and unaltered. True if it is new.
    func check() throws(StoreOpenError) -> Bool { try schemaVersion() == 0 }

    /// Like ``check()``; the number of the last step the file has had, 0 if it is new.
    func schemaVersion() throws(StoreOpenError) -> Int {
        precondition(
            migrations.map(\.version) == Array(1...migrations.count), "migrations must be numbered 1, 2, 3, …")
        guard let applied = try readApplied() else { throw .otherProgram(path: path) }
        if let newest = applied.last, newest.version > migrations.count {
            throw .newerVersion(path: path, found: newest.version, known: migrations.count)
        }
        for (migration, record) in zip(migrations, applied) {
            guard migration.version == record.version, SHA256.hexDigest(of: migration.sql) == record.sha256 else {
                throw .migrationChanged(path: path, name: migration.name)
            }
        }
        return applied.count
    }

    /// Applies the steps the file has not had. To be called after ``check()``.
    func run() throws(StoreOpenError) {
        let applied = try readApplied()?.count ?? 0
        for migration in migrations.dropFirst(applied) { try apply(migration) }
    }

    private struct Applied {
        let version: Int
        let sha256: String
    }

    /// The steps this file has had, ascending; nil if the file belongs to another program.
    private func readApplied() throws(StoreOpenError) -> [Applied]? {
        do {
            return try queryApplied()
        } catch {
            if error.isCorrupt { throw .notADatabase(path: path) }
            if error.isBusy { throw .inUse(path: path) }
            throw .cannotOpen(path: path, error)
        }
    }

    private func queryApplied() throws(SQLiteError) -> [Applied]? {
        let owner = try connection.prepare("PRAGMA application_id").first { $0.integer(0) } ?? 0
        let tables = try connection.prepare("SELECT count(*) FROM sqlite_schema").first { $0.integer(0) } ?? 0
        if tables == 0, owner == 0 { return [] }
        guard owner == Self.applicationID else { return nil }
        return try connection.prepare("SELECT version, sha256 FROM migration ORDER BY version").all {
            Applied(version: Int($0.integer(0)), sha256: $0.text(1))
        }
    }

    private func apply(_ migration: Migration) throws(StoreOpenError) {
        do {
            try connection.execute("BEGIN IMMEDIATE")
            if migration.version == 1 { try createBookkeeping() }
            try connection.execute(String(decoding: migration.sql, as: UTF8.self))
            try connection.prepare("INSERT INTO migration (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)").run(
                migration.version, migration.name, SHA256.hexDigest(of: migration.sql), now.milliseconds)
            // The header tells the version too, so that it can be read without opening the database.
            try connection.execute("PRAGMA user_version = \(migration.version)")
            try connection.execute("COMMIT")
        } catch {
            // Nothing of the step is left, whether this works or the transaction is gone already.
            try? connection.execute("ROLLBACK")
            throw error.isBusy ? .inUse(path: path) : .migrationFailed(path: path, name: migration.name, error)
        }
    }

    private func createBookkeeping() throws(SQLiteError) {
        try connection.execute("PRAGMA application_id = \(Self.applicationID)")
        try connection.execute(
            """
            CREATE TABLE migration (
                version    INTEGER PRIMARY KEY,
                name       TEXT NOT NULL,
                sha256     TEXT NOT NULL,
                applied_at INTEGER NOT NULL
            ) STRICT
            """)
    }
}

extension Migrator {
    /// For looking at a file that is not going to be changed.
    init(of connection: Connection, path: String) {
        self.init(
            connection: connection, path: path, migrations: Migration.all, now: Timestamp(milliseconds: 0))
    }
}
