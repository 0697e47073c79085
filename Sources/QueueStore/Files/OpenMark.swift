import SQLite

/// Says in the database file whether its write-ahead log belongs to it, so that a log that was deleted, or left behind
/// by a copy, is noticed: SQLite would go on without a word from what the last checkpoint had put into the file.
///
/// The mark is a bit of SQLite's `user_version`, of which the rest is the schema's version. It is set when the file is
/// opened, after the first commit has put the log on the disk; a clean stop, which leaves no log, takes it away.
enum OpenMark {
    static let bit = 1 << 24

    /// The mark must be in the file itself, and the log on the disk before it.
    static func set(on connection: Connection) throws(SQLiteError) {
        let version = try version(on: connection)
        guard version & bit == 0 else { return }
        try connection.execute("PRAGMA user_version = \(version | bit)")
        try connection.checkpoint()
    }

    static func clear(on connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA user_version = \(try version(on: connection) & ~bit)")
    }

    private static func version(on connection: Connection) throws(SQLiteError) -> Int {
        try connection.prepare("PRAGMA user_version").first { Int($0.integer(0)) } ?? 0
    }
}
