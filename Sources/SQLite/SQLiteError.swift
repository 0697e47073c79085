import CSQLite

/// An error reported by SQLite: the extended result code, its text, and the statement that met it.
///
/// Codes: <https://sqlite.org/rescode.html>.
@usableFromInline package struct SQLiteError: Error, Equatable, CustomStringConvertible {
    /// The extended result code, for example `SQLITE_IOERR_FSYNC`.
    package let code: Int32
    package let message: String
    package let sql: String?

    package init(code: Int32, message: String, sql: String? = nil) {
        self.code = code
        self.message = message
        self.sql = sql
    }

    /// The result code without its extension, for example `SQLITE_IOERR`.
    package var primaryCode: Int32 { code & 0xff }

    /// The disk, or the quota, has no room left.
    package var isDiskFull: Bool { primaryCode == SQLITE_FULL }
    /// The system could not bring to disk what was written (`SQLITE_IOERR_FSYNC`).
    package var isFailedSync: Bool { code == SQLITE_IOERR | (4 << 8) }
    /// What is in the file contradicts itself.
    package var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }
    /// Another connection holds the lock.
    package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

    @usableFromInline package var description: String {
        "\(message) (SQLite code \(code))" + (sql.map { " in: \($0)" } ?? "")
    }
}
