import CSQLite

/// The WAL and what becomes of it.
extension Connection {
    /// From now on SQLite makes no checkpoints by itself, whose failures it would keep to itself.
    /// https://sqlite.org/c3ref/wal_hook.html
    package func takeOverCheckpoints() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                // The log has begun anew.
                if pages < connection.walPageCount { connection.copiedPageCount = 0 }
                connection.walPageCount = Int(pages)
                return SQLITE_OK
            }, context)
    }

    /// Cuts off what the WAL has beyond these bytes whenever it begins anew.
    /// https://sqlite.org/pragma.html#pragma_journal_size_limit
    package func limitWAL(bytes: Int) throws(SQLiteError) {
        try execute("PRAGMA journal_size_limit = \(bytes)")
    }

    /// So many have been copied by another connection, which may not know yet that the WAL has begun anew.
    package func noteCopied(pages: Int) {
        if pages <= walPageCount { copiedPageCount = max(copiedPageCount, pages) }
    }

    /// Copies committed pages from the WAL to their places in the file, as far as no reader still needs the old ones.
    ///
    /// True if it was all of them. Only then does the file end where the database ends.
    @discardableResult
    package func checkpoint() throws(SQLiteError) -> Bool {
        var pages: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &copied)
        guard code == SQLITE_OK else { throw error(code, sql: nil) }
        walPageCount = Int(pages)
        copiedPageCount = Int(copied)
        return copied == pages
    }

    /// Syncs the file of the database: a checkpoint that is overtaken by a commit leaves that to the next one.
    package func syncDatabase() throws(SQLiteError) {
        guard let file = try file(SQLITE_FCNTL_FILE_POINTER) else { return }
        try check(file.pointee.pMethods.pointee.xSync(file, SQLITE_SYNC_NORMAL))
    }

    /// The open file of the database, or of its log. https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
    private func file(_ kind: Int32) throws(SQLiteError) -> UnsafeMutablePointer<sqlite3_file>? {
        var pointer: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(handle, "main", kind, &pointer)
        guard code == SQLITE_OK else { throw error(code, sql: nil) }
        return pointer?.pointee.pMethods == nil ? nil : pointer
    }

    /// The longest page: SQLite's VFS for Unix writes no more than 131071 bytes at a time.
    private static let chunkByteCount: Int64 = 65536

    /// Writes the bytes of the WAL over themselves and syncs them. To be called after a first read, and before anybody is
    /// told that a change is on disk.
    ///
    /// When a sync fails, Linux keeps the pages in memory and takes them for written, so that they are read back, also by
    /// a new process, and the next sync succeeds without them (https://wiki.postgresql.org/wiki/Fsync_Errors). What is
    /// committed behind such pages would be lost with them.
    package func rewriteWAL() throws(SQLiteError) {
        guard let file = try file(SQLITE_FCNTL_JOURNAL_POINTER) else { return }
        let methods = file.pointee.pMethods.pointee
        var size: sqlite3_int64 = 0
        try check(methods.xFileSize(file, &size))
        guard size > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: Int(min(size, Self.chunkByteCount)))
        for offset in stride(from: 0, to: size, by: Int(Self.chunkByteCount)) {
            let count = Int32(min(Self.chunkByteCount, size - offset))
            try check(methods.xRead(file, &bytes, count, offset))
            try check(methods.xWrite(file, bytes, count, offset))
        }
        try check(methods.xSync(file, SQLITE_SYNC_NORMAL))
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else {
            throw SQLiteError(code: code, message: String(cString: sqlite3_errstr(code)))
        }
    }
}
