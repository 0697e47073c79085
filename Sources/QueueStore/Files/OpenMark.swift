import SQLite

/// Says in the database file whether its write-ahead log belongs to it, so that a log that was deleted, or left behind
/// by a copy, is noticed: SQLite would go on without a word from what the last checkpoint had put into the file.
///
/// The mark is SQLite's `user_version`. It is set when the file is opened, after the first commit has put the log on
/// the disk; a clean stop, which leaves no log, takes it away.
enum OpenMark {
    static let open = 1

    /// The mark must be in the file itself, and the log on the disk before it.
    static func set(on connection: Connection) throws(SQLiteError) {
        let mark = try connection.prepare("PRAGMA user_version").first { $0.integer(0) }
        guard mark != Int64(open) else { return }
        try connection.execute("PRAGMA user_version = \(open)")
        try connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    }

    static func clear(on connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA user_version = 0")
    }
}
