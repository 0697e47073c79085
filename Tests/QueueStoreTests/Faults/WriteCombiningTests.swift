import SQLite
import TestSupport
import Testing

/// The VFS that hands the pages of a commit down together.
struct WriteCombiningTests {
    let disk = FaultVFS(seed: 1)

    private func connect(combinesWrites: Bool = true) throws -> Connection {
        let connection = try Connection(
            path: "database", mode: .readWriteCreate, vfs: disk.name, combinesWrites: combinesWrites)
        try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        try connection.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY, text BLOB)")
        // Its header is written and synced by itself.
        try connection.execute("INSERT INTO row (text) VALUES ('begins the WAL')")
        return connection
    }

    private func insertRows(_ count: Int, into connection: Connection) throws {
        let insert = try connection.prepare("INSERT INTO row (text) VALUES (zeroblob(3000))")
        for _ in 0..<count { try insert.run() }
    }

    private func rows(_ connection: Connection) throws -> Int? {
        try connection.prepare("SELECT count(*) FROM row WHERE length(text) > 0").first { Int($0.integer(0)) }
    }

    @Test(arguments: [true, false])
    func `the pages of a commit take few writes`(combinesWrites: Bool) throws {
        let connection = try connect(combinesWrites: combinesWrites)
        try connection.execute("BEGIN")
        // A page of 4 KiB each and the root are 84 KiB, two writes of 64 KiB at most.
        try insertRows(20, into: connection)
        disk.fail(.write, at: 3)
        if combinesWrites {
            try connection.execute("COMMIT")
        } else {
            #expect(throws: SQLiteError.self) { try connection.execute("COMMIT") }
        }
    }

    @Test func `a transaction reads what was held back of it, and others read it once it is committed`() throws {
        let connection = try connect()
        // Pages that the cache has no room for go to the WAL before the commit.
        try connection.execute("PRAGMA cache_size = 10; BEGIN")
        try insertRows(100, into: connection)
        #expect(try rows(connection) == 101)
        try connection.execute("COMMIT")
        let other = try Connection(path: "database", mode: .readOnly, vfs: disk.name)
        #expect(try rows(other) == 101)
    }

    @Test func `what was held back and lost fails the commit too, though it was lost in a read`() throws {
        let connection = try connect()
        try connection.execute("PRAGMA cache_size = 10; BEGIN")
        try insertRows(100, into: connection)
        disk.fail(.write, at: 1)
        #expect(throws: SQLiteError.self) { try rows(connection) }
        disk.heal()
        #expect(throws: SQLiteError.self) { try connection.execute("COMMIT") }
        try? connection.execute("ROLLBACK")
        #expect(try rows(connection) == 1)
        try insertRows(5, into: connection)
        #expect(try connection.prepare("PRAGMA integrity_check").first { $0.text(0) } == "ok")
        #expect(try rows(connection) == 6)
    }

    @Test func `a commit whose held back pages cannot be written fails, and harms no other`() throws {
        let connection = try connect()
        try connection.execute("BEGIN")
        try insertRows(10, into: connection)
        disk.fail(.write, at: 1)
        #expect(throws: SQLiteError.self) { try connection.execute("COMMIT") }
        disk.heal()
        try? connection.execute("ROLLBACK")
        #expect(try rows(connection) == 1)
        try insertRows(5, into: connection)
        #expect(try connection.prepare("PRAGMA integrity_check").first { $0.text(0) } == "ok")
        #expect(try rows(connection) == 6)
    }
}
