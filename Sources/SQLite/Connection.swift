import CSQLite
import CWriteCombining

/// One connection to a database file. Used by one thread at a time.
///
/// Statements given to ``statement(_:)`` are prepared once and kept.
@usableFromInline package final class Connection {
    package enum Mode {
        case readWriteCreate
        case readWrite
        case readOnly
        /// Nobody writes to the file as long as it is open: SQLite takes no locks, looks for no WAL and makes no file.
        /// https://sqlite.org/uri.html#uriimmutable
        case immutable
    }

    @usableFromInline let handle: OpaquePointer
    /// Pages in the WAL after the last commit, if it came after ``takeOverCheckpoints()``, or at the last checkpoint.
    package internal(set) var walPageCount = 0
    /// Those of them that the last checkpoint had copied to their places in the file.
    package internal(set) var copiedPageCount = 0
    /// Those that are still to be copied there.
    package var uncopiedPageCount: Int { max(0, walPageCount - copiedPageCount) }
    private var isOpen = true
    private var kept: [UnsafePointer<UInt8>: Statement] = [:]

    /// Opens `path`. Fails where SQLite cannot; a file that is no database is only noticed by the first statement.
    ///
    /// `vfs` names a registered VFS; nil is the default one. With `combinesWrites` pages that stand side by side are written
    /// at once; that is for connections that stay with `synchronous=FULL`.
    package init(
        path: String, mode: Mode, vfs: String? = nil, combinesWrites: Bool = false
    ) throws(SQLiteError) {
        let flags =
            switch mode {
            case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readWrite: SQLITE_OPEN_READWRITE
            case .readOnly: SQLITE_OPEN_READONLY
            case .immutable: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        Self.configureSQLite
        let name = mode == .immutable ? Self.immutableURI(path) : path
        let vfs = combinesWrites ? try Self.writeCombiningVFS(over: vfs) : vfs
        var opened: OpaquePointer?
        // No mutex: the owner sees to it that one thread at a time calls in. https://sqlite.org/threadsafe.html
        let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs)
        guard let opened else { throw SQLiteError(code: SQLITE_NOMEM, message: "out of memory") }
        guard code == SQLITE_OK else {
            let error = SQLiteError(code: code, message: String(cString: sqlite3_errmsg(opened)))
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
    }

    /// Before SQLite's first use; later it is refused, which does no harm.
    private static let configureSQLite: Void = { _ = csqlite_keep_no_memory_statistics() }()

    private static func writeCombiningVFS(over vfs: String?) throws(SQLiteError) -> String {
        var name: UnsafePointer<CChar>?
        let code = write_combining_register(vfs, &name)
        guard code == SQLITE_OK, let name else {
            throw SQLiteError(code: code, message: "no VFS over \(vfs ?? "the default one")")
        }
        return String(cString: name)
    }

    private static func immutableURI(_ path: String) -> String {
        // An absolute path follows an empty host name, or its beginning could be taken for one.
        var name = path.hasPrefix("/") ? "file://" : "file:"
        for scalar in path.unicodeScalars {
            switch scalar {
            case "%": name += "%25"
            case "?": name += "%3f"
            case "#": name += "%23"
            default: name.unicodeScalars.append(scalar)
            }
        }
        return name + "?immutable=1"
    }

    deinit {
        // Zombie until the last statement is finalized, so the order in which they die does not matter.
        if isOpen { sqlite3_close_v2(handle) }
    }

    /// Closes the connection; any later call is a programmer error, and so is a statement somebody still holds.
    ///
    /// Closing the last connection of a WAL database folds the WAL in and removes it. https://sqlite.org/wal.html
    package func close() throws(SQLiteError) {
        kept.removeAll()
        let code = sqlite3_close(handle)
        guard code == SQLITE_OK else { throw error(code, sql: nil) }
        isOpen = false
    }

    /// Lets the statement that is running end soon with an error, or with what it has found by then. The one thing that may
    /// be done from another thread. https://sqlite.org/c3ref/interrupt.html
    package func interrupt() { sqlite3_interrupt(handle) }

    /// Frees the pages that are kept for the next statements. https://sqlite.org/c3ref/db_release_memory.html
    package func releaseMemory() { sqlite3_db_release_memory(handle) }

    /// Whether closing the last connection leaves the WAL as it is, as a killed process does.
    package func keepWALWhenClosed(_ keep: Bool) throws(SQLiteError) {
        let code = csqlite_keep_wal_on_close(handle, keep ? 1 : 0)
        guard code == SQLITE_OK else { throw error(code, sql: nil) }
    }

    /// Runs one or more statements that return nothing of interest.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql: sql) }
    }

    /// Begins a transaction that sees the database as it is now: one begins with the first page that is read.
    /// https://sqlite.org/lang_transaction.html
    package func beginReading() throws(SQLiteError) {
        try execute("BEGIN; SELECT count(*) FROM sqlite_schema")
    }

    /// Prepares a statement that the caller keeps.
    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        try Statement(sql, on: self)
    }

    /// The kept statement for a literal of the source code, prepared at its first use.
    ///
    /// The address of the literal is the key, so that a look-up costs no hashing of text.
    package func statement(_ sql: StaticString) throws(SQLiteError) -> Statement {
        if let statement = kept[sql.utf8Start] { return statement }
        let statement = try Statement(sql.description, on: self)
        kept[sql.utf8Start] = statement
        return statement
    }

    /// The text of every kept statement: what tests of query plans look through.
    package var keptSQL: [String] { kept.values.map(\.sql) }

    /// The text of the kept statements that SQLite has prepared more than once, as it does where the value of a parameter
    /// decides whether a partial index is of use. https://sqlite.org/c3ref/c_stmtstatus_counter.html
    package var sqlPreparedAgain: [String] {
        kept.values.filter { sqlite3_stmt_status($0.handle, SQLITE_STMTSTATUS_REPREPARE, 0) > 0 }.map(\.sql)
    }

    /// How SQLite goes about a statement, a line for each step. https://sqlite.org/eqp.html
    package func queryPlan(of sql: String) throws(SQLiteError) -> [String] {
        let explanation = try prepare("EXPLAIN QUERY PLAN \(sql)")
        var steps: [String] = []
        while try explanation.step() { steps.append(Row(statement: explanation.handle).text(3)) }
        return steps
    }

    /// False inside a transaction. After an error it tells whether SQLite has rolled the transaction back by itself.
    package var isAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

    /// The rowid of the last INSERT into a rowid table.
    package var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    @inlinable
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    /// Rows changed since the connection was opened.
    package var totalChanges: Int64 { sqlite3_total_changes64(handle) }

    func error(_ code: Int32, sql: String?) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)), sql: sql)
    }
}
