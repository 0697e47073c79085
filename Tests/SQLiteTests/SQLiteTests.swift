import TestSupport
import Testing

@testable import SQLite

/// Connections and statements, each on a file of its own.
struct SQLiteTests {
    private let directory = TemporaryDirectory()

    private func open(_ mode: Connection.Mode = .readWriteCreate) throws -> Connection {
        try Connection(path: directory.file("a.db"), mode: mode)
    }

    // MARK: Values

    @Test func `values come back as they were bound`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d INTEGER, e TEXT) STRICT")
        let insert = try connection.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)")
        try insert.run(Int64.min, "ü\u{0}✓", [0, 1, 255] as [UInt8], true, UTF8Text(Array("text".utf8)))
        try insert.run(42, "", [] as [UInt8], false, UTF8Text([]))
        try insert.run(Int64?.none, String?.none, [UInt8]?.none, Bool?.none, String?.some("x"))
        let rows = try connection.prepare("SELECT a, b, c, d, e FROM t ORDER BY rowid").all { row in
            (row.integerOrNil(0), row.textOrNil(1), row.bytesOrNil(2), row.integerOrNil(3), row.text(4))
        }
        try #require(rows.count == 3)
        #expect(rows[0] == (Int64.min, "ü\u{0}✓", [0, 1, 255], 1, "text"))
        #expect(rows[1] == (42, "", [], 0, ""))
        #expect(rows[2] == (nil, nil, nil, nil, "x"))
    }

    @Test func `empty texts and blobs are not null`() throws {
        let connection = try open()
        let types = try connection.prepare("SELECT typeof(?), typeof(?), typeof(?), typeof(?)").first(
            "", [] as [UInt8], UTF8Text([]), String?.none
        ) { row in (0..<4).map { row.text($0) } }
        #expect(types == ["text", "blob", "text", "null"])
    }

    @Test func `null reads as nothing of each kind`() throws {
        let connection = try open()
        try connection.prepare("SELECT NULL").first { row in
            #expect(row.isNull(0))
            #expect(row.integer(0) == 0)
            #expect(row.text(0) == "")
            #expect(row.bytes(0) == [])
        }
    }

    // MARK: Statements

    @Test func `a statement can be run again, also after an error`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?)")
        try insert.run(1)
        #expect(throws: SQLiteError.self) { try insert.run(1) }
        try insert.run(2)
        #expect(connection.lastInsertRowID == 2)
        let count = try connection.prepare("SELECT count(*) FROM t")
        #expect(try count.first { $0.integer(0) } == 2)
        #expect(try count.first { $0.integer(0) } == 2)
        #expect(try connection.prepare("SELECT a FROM t WHERE a > ?").first(5) { $0.integer(0) } == nil)
    }

    @Test func `changes are counted`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)")
        #expect(try connection.prepare("DELETE FROM t WHERE a > ?").runCountingChanges(1) == 2)
        #expect(try connection.prepare("DELETE FROM t WHERE a > ?").runCountingChanges(1) == 0)
    }

    @Test func `kept statements are prepared once, and gone with the close`() throws {
        let connection = try open()
        func statement() throws -> Statement { try connection.statement("SELECT 1") }
        let first = try statement()
        let second = try statement()
        #expect(first === second)
        #expect(connection.keptSQL == ["SELECT 1"])
    }

    @Test func `no statement leaves a read transaction open`() throws {
        let connection = try open()
        try connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        let reader = try open(.readOnly)
        #expect(try reader.statement("SELECT a FROM t").first { $0.integer(0) } == 1)
        try connection.execute("INSERT INTO t VALUES (3)")
        // Busy would be 1 here while somebody reads from the WAL.
        #expect(try connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").first { $0.integer(0) } == 0)
        try reader.close()
        try connection.close()
        #expect(directory.files == ["a.db"])
    }

    @Test func `pages that only the log has are counted`() throws {
        let connection = try open()
        try connection.execute("PRAGMA journal_mode = WAL")
        connection.takeOverCheckpoints()
        try connection.execute("CREATE TABLE t (a)")
        #expect(connection.uncopiedPageCount > 0)
        let copiesAll = try connection.checkpoint()
        #expect(copiesAll && connection.uncopiedPageCount == 0)
        let reader = try Connection(path: directory.file("a.db"), mode: .readOnly)
        try reader.execute("BEGIN")
        _ = try reader.statement("SELECT count(*) FROM t").first { $0.integer(0) }
        for number in 1...10 { try connection.execute("INSERT INTO t VALUES (\(number))") }
        let before = connection.uncopiedPageCount
        let copiesRest = try connection.checkpoint()
        #expect(!copiesRest && connection.uncopiedPageCount > 0 && connection.uncopiedPageCount <= before)
        try reader.execute("COMMIT")
        try connection.checkpoint()
        #expect(connection.uncopiedPageCount == 0)
        // The log begins anew.
        try connection.execute("INSERT INTO t VALUES (11)")
        #expect(connection.walPageCount == 1 && connection.uncopiedPageCount == 1)
        try reader.close()
        try connection.close()
    }

    @Test func `a plan is told without values`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        #expect(try connection.queryPlan(of: "SELECT b FROM t WHERE a = ?").count == 1)
        #expect(try connection.queryPlan(of: "SELECT b FROM t WHERE b = ?") == ["SCAN t"])
    }

    // MARK: Transactions

    @Test func `autocommit tells whether a transaction is open`() throws {
        let connection = try open()
        #expect(connection.isAutocommit)
        try connection.execute("BEGIN")
        #expect(!connection.isAutocommit)
        try connection.execute("ROLLBACK")
        #expect(connection.isAutocommit)
    }

    // MARK: Errors

    @Test func `an error has its code, text and statement`() throws {
        let connection = try open()
        do {
            try connection.execute("SELECT nonsense")
            Issue.record("ran")
        } catch {
            #expect(error.code == 1)
            #expect(error.description == "no such column: nonsense (SQLite code 1) in: SELECT nonsense")
        }
        do {
            try connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (1)")
            Issue.record("ran")
        } catch {
            #expect(error.code == 1555)
            #expect(error.primaryCode == 19)
            #expect(!error.isBusy && !error.isCorrupt && !error.isDiskFull)
        }
    }

    @Test(
        "kinds of errors by their code",
        arguments: [
            (13, "full"), (11, "corrupt"), (267, "corrupt"), (26, "corrupt"), (5, "busy"), (517, "busy"), (6, "busy"),
            (10, "other"), (1034, "other"),
        ])
    func kinds(code: Int32, kind: String) {
        let error = SQLiteError(code: code, message: "")
        #expect(error.isDiskFull == (kind == "full"))
        #expect(error.isCorrupt == (kind == "corrupt"))
        #expect(error.isBusy == (kind == "busy"))
    }

    @Test func `another writer finds the file busy`() throws {
        let first = try open()
        let second = try open()
        try first.execute("CREATE TABLE t (a); BEGIN IMMEDIATE")
        do {
            try second.execute("BEGIN IMMEDIATE")
            Issue.record("began")
        } catch {
            #expect(error.isBusy)
        }
        try first.execute("COMMIT")
        try second.execute("BEGIN IMMEDIATE; COMMIT")
    }

    @Test func `a file that is no database is noticed by the first statement`() throws {
        directory.write(
            Array("this is certainly not a database, and it is longer than a header of SQLite is".utf8)
                + [UInt8](repeating: 32, count: 100), to: "a.db")
        let connection = try open()
        do {
            try connection.execute("SELECT count(*) FROM sqlite_schema")
            Issue.record("read")
        } catch {
            #expect(error.isCorrupt)
        }
    }

    @Test func `a reader neither creates nor writes`() throws {
        #expect(throws: SQLiteError.self) { try open(.readOnly) }
        #expect(directory.files.isEmpty)
        try open().execute("CREATE TABLE t (a)")
        let reader = try open(.readOnly)
        #expect(throws: SQLiteError.self) { try reader.execute("INSERT INTO t VALUES (1)") }
    }

    @Test func `a close with a statement somebody holds fails, and works once it is let go`() throws {
        let connection = try open()
        var held: Statement? = try connection.prepare("SELECT 1")
        #expect(throws: SQLiteError.self) { try connection.close() }
        #expect(held?.sql == "SELECT 1")
        held = nil
        try connection.close()
    }
}
