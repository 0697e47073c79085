import SQLite

/// Says in the database file whether its write-ahead log belongs to it, so that a log that was deleted, or left behind
/// by a copy, is noticed: SQLite would go on without a word from what the last checkpoint had put into the file. And
/// whether each commit is synced, so that a hole in the log is told from what a power cut may leave of commits that are not.
///
/// The marks are bits of SQLite's `user_version`, of which the rest is the schema's version. They are set when the file is
/// opened, after the first commit has put the log on the disk; a clean stop, which leaves no log, takes them away.
struct OpenMark: OptionSet {
    let rawValue: Int

    static let isOpen = OpenMark(rawValue: 1 << 24)
    static let isRelaxed = OpenMark(rawValue: 1 << 25)
    static let all: OpenMark = [.isOpen, .isRelaxed]

    /// Makes these the marks. They must be in the file itself, and the log on the disk before them.
    func set(on connection: Connection) throws(SQLiteError) {
        let version = try Self.version(on: connection)
        var marks = self
        if !contains(.isRelaxed), OpenMark(rawValue: version).contains(.isRelaxed), try !Self.beginsLogAnew(connection)
        {
            marks.insert(.isRelaxed)
        }
        let marked = version & ~Self.all.rawValue | marks.rawValue
        if version != marked { try connection.execute("PRAGMA user_version = \(marked)") }
        do throws(SQLiteError) {
            // Also if the mark is there already: a crash may have left it in the log alone.
            try connection.checkpoint()
        } catch {
            // Whoever wants to make room by deletes must be able to. A log that does not fit into the file stays where it is.
            guard error.isDiskFull, version == marked else { throw error }
        }
    }

    /// Whether the next commit will begin a new log, which it does not while somebody reads. What stands in the log behind a
    /// hole must not be there any more when the file says that there can be none.
    private static func beginsLogAnew(_ connection: Connection) throws(SQLiteError) -> Bool {
        // The first column says whether the checkpoint was kept from that. https://sqlite.org/pragma.html#pragma_wal_checkpoint
        try connection.prepare("PRAGMA wal_checkpoint(RESTART)").first { $0.integer(0) == 0 } ?? false
    }

    static func clear(on connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA user_version = \(try version(on: connection) & ~all.rawValue)")
    }

    private static func version(on connection: Connection) throws(SQLiteError) -> Int {
        try connection.prepare("PRAGMA user_version").first { Int($0.integer(0)) } ?? 0
    }
}
