import CSQLite

/// A prepared statement. Values are bound in the order of the `?` marks; rows are read inside the call.
///
/// Every call resets the statement before it returns, so that no read transaction is left open by accident.
@usableFromInline package final class Statement {
    @usableFromInline package let sql: String
    @usableFromInline let handle: OpaquePointer
    @usableFromInline unowned let connection: Connection

    init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.error(code, sql: sql) }
        self.sql = sql
        self.connection = connection
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs a statement that returns no row.
    @inlinable @inline(__always)
    package func run<each Value: Bindable>(_ values: repeat each Value) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        bind(repeat each values)
        while try step() {}
    }

    /// Runs a statement that returns no row, with as many values as `bind` gives it.
    @inlinable
    package func run(binding bind: (inout ValueBinder) -> Void) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        var binder = ValueBinder(statement: handle)
        bind(&binder)
        assert(binder.count == sqlite3_bind_parameter_count(handle), "\(binder.count) values for: \(sql)")
        while try step() {}
    }

    /// Runs a statement and tells how many rows it inserted, updated or deleted.
    @inlinable @inline(__always)
    package func runCountingChanges<each Value: Bindable>(_ values: repeat each Value) throws(SQLiteError) -> Int {
        try run(repeat each values)
        return connection.changes
    }

    /// The first row, read by `read`; nil if there is none.
    @inlinable @inline(__always)
    package func first<each Value: Bindable, Result>(
        _ values: repeat each Value, read: (Row) -> Result
    ) throws(SQLiteError) -> Result? {
        defer { sqlite3_reset(handle) }
        bind(repeat each values)
        return try step() ? read(Row(statement: handle)) : nil
    }

    /// All rows, each read by `read`.
    @inlinable @inline(__always)
    package func all<each Value: Bindable, Result>(
        _ values: repeat each Value, read: (Row) -> Result
    ) throws(SQLiteError) -> [Result] {
        defer { sqlite3_reset(handle) }
        bind(repeat each values)
        var rows: [Result] = []
        while try step() { rows.append(read(Row(statement: handle))) }
        return rows
    }

    /// Calls `body` with each row, for results that are too long to be kept.
    @inlinable @inline(__always)
    package func readEach<each Value: Bindable>(
        _ values: repeat each Value, body: (Row) -> Void
    ) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        bind(repeat each values)
        while try step() { body(Row(statement: handle)) }
    }

    /// Runs a statement until it ends, or until `goesOn` says no after a row.
    func stepEach(while goesOn: () -> Bool) throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        while try step(), goesOn() {}
    }

    @inlinable @inline(__always)
    func bind<each Value: Bindable>(_ values: repeat each Value) {
        var binder = ValueBinder(statement: handle)
        repeat binder.bind(each values)
        assert(binder.count == sqlite3_bind_parameter_count(handle), "\(binder.count) values for: \(sql)")
    }

    @usableFromInline
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.error(code, sql: sql)
        }
    }
}

/// Gives the `?` marks of a statement their values, in their order.
@usableFromInline package struct ValueBinder {
    @usableFromInline let statement: OpaquePointer
    @usableFromInline var count: Int32 = 0

    @inlinable
    init(statement: OpaquePointer) { self.statement = statement }

    @inlinable
    package mutating func bind(_ value: some Bindable) {
        count += 1
        value.bind(to: statement, at: count)
    }
}

/// The row a statement stands on; valid only inside the closure that receives it.
@usableFromInline package struct Row {
    @usableFromInline let statement: OpaquePointer

    @inlinable
    init(statement: OpaquePointer) { self.statement = statement }

    @inlinable
    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    @inlinable
    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    @inlinable
    package func integerOrNil(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// The bytes of a TEXT or BLOB column; empty for NULL.
    @inlinable
    package func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    @inlinable
    package func bytesOrNil(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    @inlinable
    package func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    @inlinable
    package func textOrNil(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
}
