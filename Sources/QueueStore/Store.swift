import Migrations
import QueueModel
import SQLite

/// The database file and the one connection that writes to it. Used by one thread.
///
/// WAL with `synchronous=FULL`: a commit is on stable storage when it returns. https://sqlite.org/wal.html
package final class Store {
    /// The secret that seals receipt handles, 32 bytes.
    package let receiptHandleKey: [UInt8]

    private let options: StoreOptions
    private let lock: DatabaseLock?
    private var connection: Connection
    private var transaction: WriteTransaction
    /// The connection has failed and is to be replaced before anything else is done.
    private var needsReopening = false
    private let report: (StoreFailure) -> Void
    /// Pages of the WAL from which on a checkpoint is due. With twice as many it takes twice as long, in which nobody gets
    /// an answer, and no more sends are possible.
    var checkpointPages = ordinaryLogPages
    static let ordinaryLogPages = 500
    /// More pages than these are copied by another thread.
    static let longLogPages = 4 * ordinaryLogPages
    private var catchUp: LogCatchUp?
    /// When it may be tried again where it has failed.
    private var nextCatchUp = Timestamp(milliseconds: 0)
    private static let failurePauseMilliseconds: Int64 = 1000
    /// The WAL keeps its length when it begins anew, so that ordinary service writes to blocks it has. What a very large
    /// batch or a long reader made of it is cut off then: eight times what a checkpoint waits for, in pages of 4 KiB.
    static let walBytesMax = 8 * ordinaryLogPages * 4096
    /// What a long log keeps for now: to cut off 80 MB at once takes 40 ms.
    private var walBytesKept = walBytesMax

    /// Opens the file, creates or migrates its schema, and takes it for this process alone. `report` is told of every
    /// failure of the storage.
    package init(
        options: StoreOptions, now: Timestamp, report: @escaping (StoreFailure) -> Void
    ) throws(StoreOpenError) {
        self.options = options
        self.report = report
        // Where SQLite's own files stand behind another VFS there is nothing to lock.
        lock = options.vfs == nil ? try DatabaseLock(path: options.path) : nil
        do throws(StoreOpenError) {
            if let lock { try DatabaseFile.verify(options.path, lock.descriptor) }
            (connection, receiptHandleKey, transaction) = try Self.prepare(options, now: now)
        } catch {
            lock?.release()
            throw error
        }
    }

    private static func prepare(
        _ options: StoreOptions, now: Timestamp
    ) throws(StoreOpenError) -> (Connection, [UInt8], WriteTransaction) {
        // Another program that reads what a killed daemon has left, such as a backup, has all of the file for itself in the
        // moment in which it closes it.
        let connection = try open(options, now: now, waitMilliseconds: 2000)
        do {
            // In service nobody is waited for.
            try connection.execute("PRAGMA busy_timeout = 0")
            try connection.rewriteWAL()
            try (options.durability == .full ? .isOpen : OpenMark.all).set(on: connection)
            let key = try receiptHandleKey(on: connection, options: options)
            return (connection, key, try WriteTransaction(connection: connection, options: options))
        } catch {
            throw .cannotOpen(path: options.path, error)
        }
    }

    /// Runs `body` in one transaction and commits it. When this returns without an error, what was done is on disk.
    ///
    /// On an error nothing of it was done: the file is as before.
    package func transact(at now: Timestamp, _ body: (WriteTransaction) -> Void) -> Result<BatchNews, QueueError> {
        if needsReopening { reopen(now: now) }
        if needsReopening { return .failure(.storageFailed) }
        do throws(SQLiteError) {
            try transaction.begin(now: now)
            body(transaction)
            if let failure = transaction.failure { throw failure }
            try transaction.commit()
            return .success(transaction.news)
        } catch {
            transaction.rollBack()
            return .failure(afterFailure(error, now: now))
        }
    }

    /// Copies the WAL to its place in the file if it has become long, or if the file is to become shorter. To be called
    /// after each transaction, when nobody waits for its answer any more.
    package func checkpointIfDue() {
        guard !needsReopening else { return }
        if let catchUp {
            connection.noteCopied(pages: catchUp.copiedPages)
            if let outcome = catchUp.outcome(timeoutMilliseconds: 0) { complete(outcome) }
        } else if connection.walPageCount >= checkpointPages || transaction.fileEnd.isDue {
            // Behind another VFS, whose faults come in an order, all is done by one thread.
            if connection.uncopiedPageCount <= Self.longLogPages || options.vfs != nil { return checkpoint() }
            if transaction.now >= nextCatchUp { beginCatchUp() }
        }
    }

    private func beginCatchUp() {
        do {
            catchUp = try LogCatchUp(path: options.path, pagesLeft: Self.ordinaryLogPages)
            limitWAL(to: .max)
        } catch {
            // Where there can be no thread, this one has to do it.
            checkpoint()
        }
    }

    private func complete(_ outcome: Result<Void, SQLiteError>) {
        catchUp = nil
        // Where its length cannot be told it is cut off at once.
        limitWAL(to: max(Self.walBytesMax, (try? WriteAheadLog.size(of: options.path)) ?? 0))
        switch outcome {
        case .success: checkpoint()
        case .failure(let error):
            nextCatchUp = transaction.now.adding(milliseconds: Self.failurePauseMilliseconds)
            reportCheckpoint(error)
        }
    }

    /// Waits until no other thread copies the log any more, which is at most for a round. False if nobody knows what of it is in
    /// the file.
    private func endCatchUp() -> Bool {
        catchUp?.end()
        let outcome = catchUp?.outcome(timeoutMilliseconds: nil)
        catchUp = nil
        guard case .failure(let error) = outcome else { return true }
        reportCheckpoint(error)
        return !StoreFailure(checkpoint: error).isFatal
    }

    private func limitWAL(to bytes: Int) {
        walBytesKept = bytes
        do throws(SQLiteError) {
            try connection.limitWAL(bytes: bytes)
        } catch {
            report(StoreFailure(error, during: "limit the log"))
        }
    }

    var isCatchingUp: Bool { catchUp != nil }

    /// Waits until no other thread copies the log any more.
    func awaitCatchUp() {
        if let outcome = catchUp?.outcome(timeoutMilliseconds: nil) { complete(outcome) }
    }

    /// Rows changed so far.
    package var changedRows: Int64 { transaction.changedRows }

    /// Frees the memory that is kept for the next transactions, which read from the file what they need of it.
    package func releaseMemory() { connection.releaseMemory() }

    /// When the messages of any queue last changed, or a queue was deleted. No later time may be before it, or the order of
    /// the sends would not be the order of their times.
    package func latestTime() -> Timestamp {
        do {
            let latest = try connection.prepare(
                """
                SELECT max(changed_at)
                FROM (SELECT changed_at FROM backlog UNION ALL SELECT deleted_at FROM deleted_queue)
                """
            ).first { $0.integer(0) }
            return Timestamp(milliseconds: latest ?? 0)
        } catch {
            report(StoreFailure(error, during: "read the latest time"))
            return Timestamp(milliseconds: 0)
        }
    }

    /// The ids of all queues; nil if the storage fails.
    package func allQueues() -> [QueueID]? {
        do {
            return try connection.statement("SELECT id FROM queue").all { QueueID($0.integer(0)) }
        } catch {
            report(StoreFailure(error, during: "list queues"))
            return nil
        }
    }

    /// The text of every statement prepared so far: what tests of query plans look through.
    var keptSQL: [String] { connection.keptSQL }

    /// Those that had to be prepared more than once.
    var sqlPreparedAgain: [String] { connection.sqlPreparedAgain }

    /// The queues whose messages are being moved by a task; nil if the storage fails.
    package func queuesWithMoveTask() -> [QueueID]? {
        do {
            return try connection.statement("SELECT queue_id FROM message_move_task WHERE status = 'RUNNING'").all {
                QueueID($0.integer(0))
            }
        } catch {
            report(StoreFailure(error, during: "list message move tasks"))
            return nil
        }
    }

    /// Whether messages may still have a delay that their queue had before; nil if the storage fails.
    package func isChangingDelays() -> Bool? {
        do {
            let mark = try connection.statement("SELECT 1 FROM store_setting WHERE name = 'delays_change'")
            return try mark.first { _ in true } ?? false
        } catch {
            report(StoreFailure(error, during: "look for a change of delays"))
            return nil
        }
    }

    /// A connection for questions, on another thread.
    package func openReader() throws(StoreOpenError) -> StoreReader {
        do {
            return StoreReader(
                connection: try Connection(path: options.path, mode: .readOnly, vfs: options.vfs))
        } catch {
            throw .cannotOpen(path: options.path, error)
        }
    }

    /// Folds the WAL in and closes the file: what remains is one file. All readers must be closed before.
    package func close() {
        let isSound = endCatchUp()
        do {
            if isSound {
                try OpenMark.clear(on: connection)
                try connection.keepWALWhenClosed(false)
            }
            try connection.close()
        } catch {
            report(StoreFailure(error, during: "close"))
        }
        lock?.release()
    }

    /// After a failed sync or write nobody knows what is on disk, so the connection is given up. Disk full is known to
    /// leave everything as it was.
    private func afterFailure(_ error: SQLiteError, now: Timestamp) -> QueueError {
        report(StoreFailure(error, during: "commit"))
        if error.isDiskFull {
            // If all of the WAL can be copied, the next commit starts it over and needs no more room for it.
            checkpoint()
            return .storageFull
        }
        needsReopening = true
        reopen(now: now)
        return .storageFailed
    }

    /// Replaces the connection. Where that fails, the next batch tries again.
    ///
    /// The old connection stays open until then: with it stays the index of the WAL, in which the batch that failed is
    /// not. What the WAL holds of that batch is overwritten at once, or it might come back with a crash long after.
    private func reopen(now: Timestamp) {
        // Its descriptors would tell of the same failure later.
        _ = endCatchUp()
        do {
            let reopened = try Self.open(options, now: now, waitMilliseconds: 0)
            try reopened.execute(
                """
                INSERT INTO store_setting (name, value) VALUES ('reopened', 1)
                ON CONFLICT (name) DO UPDATE SET value = value + 1
                """)
            transaction = try WriteTransaction(connection: reopened, options: options)
            connection = reopened
            walBytesKept = Self.walBytesMax
            needsReopening = false
        } catch {
            report(StoreFailure(reopening: error))
        }
    }

    /// Copies what it can from the WAL to its place in the file. What fails is done again by the next checkpoint, unless it
    /// was a sync.
    private func checkpoint() {
        do throws(SQLiteError) {
            guard try connection.checkpoint() else { return }
            transaction.fileEnd = FileEnd()
            if walBytesKept > Self.walBytesMax {
                limitWAL(to: max(Self.walBytesMax, walBytesKept - Self.walBytesMax))
            }
        } catch {
            reportCheckpoint(error)
        }
    }

    /// Another program that copies the log is no failure.
    private func reportCheckpoint(_ error: SQLiteError) {
        if !error.isBusy { report(StoreFailure(checkpoint: error)) }
    }

    /// A connection that waits so long for locks that others hold.
    private static func open(
        _ options: StoreOptions, now: Timestamp, waitMilliseconds: Int
    ) throws(StoreOpenError) -> Connection {
        do {
            let connection = try Connection(
                path: options.path, mode: .readWriteCreate, vfs: options.vfs,
                combinesWrites: options.durability == .full)
            // Only a clean stop folds a WAL in.
            try connection.keepWALWhenClosed(try options.vfs == nil && WriteAheadLog.size(of: options.path) > 0)
            try connection.execute("PRAGMA busy_timeout = \(waitMilliseconds)")
            let migrator = Migrator(connection: connection, path: options.path, migrations: Migration.all, now: now)
            let isNew = try migrator.check()
            // Only before the first table; it lets the file give pages back later.
            if isNew { try connection.execute("PRAGMA auto_vacuum = INCREMENTAL") }
            try connection.keepWALWhenClosed(true)
            try useWAL(connection)
            connection.takeOverCheckpoints()
            try connection.execute("PRAGMA synchronous = \(options.durability == .full ? "FULL" : "NORMAL")")
            // Debian's SQLite fills what is deleted with zeros, and so writes each page that becomes free once more.
            // https://sqlite.org/pragma.html#pragma_secure_delete
            try connection.execute("PRAGMA secure_delete = OFF")
            try connection.execute("PRAGMA cache_size = -16384")
            try connection.limitWAL(bytes: walBytesMax)
            try migrator.run()
            return connection
        } catch let error as SQLiteError {
            if error.isCorrupt { throw .notADatabase(path: options.path) }
            if error.isBusy { throw .inUse(path: options.path) }
            throw .cannotOpen(path: options.path, error)
        } catch let error as StoreOpenError {
            throw error
        } catch {
            throw .cannotRead(path: options.path, error)
        }
    }

    /// SQLite answers with the mode it stays in where it cannot change, rather than with an error
    /// (https://sqlite.org/pragma.html#pragma_journal_mode). With a rollback journal a commit would not survive a power
    /// cut: the deletion of the journal is not synced.
    private static func useWAL(_ connection: Connection) throws(SQLiteError) {
        let sql = "PRAGMA journal_mode = WAL"
        let mode = try connection.prepare(sql).first { $0.text(0) } ?? "none"
        guard mode == "wal" else {
            throw SQLiteError(code: 1, message: "no write-ahead log can be kept, journal mode stays \(mode)", sql: sql)
        }
    }

    private static func receiptHandleKey(
        on connection: Connection, options: StoreOptions
    ) throws(SQLiteError) -> [UInt8] {
        try connection.prepare(
            "INSERT INTO store_setting (name, value) VALUES ('receipt_handle_key', ?) ON CONFLICT DO NOTHING"
        ).run(options.random.bytes(32))
        return try connection.prepare("SELECT value FROM store_setting WHERE name = 'receipt_handle_key'").first {
            $0.bytes(0)
        } ?? []
    }
}

/// A failure of the storage, for the log.
package struct StoreFailure: Sendable, CustomStringConvertible {
    package let description: String
    /// The store cannot be used any more.
    package let isFatal: Bool

    init(_ error: SQLiteError, during step: String) {
        self.init(description: "\(step): \(error)", isFatal: error.isCorrupt)
    }

    /// A failed sync is the end: SQLite may count pages as copied that it has not synced yet, and the system has dropped them.
    init(checkpoint error: SQLiteError) {
        self.init(description: "checkpoint: \(error)", isFatal: error.isFailedSync || error.isCorrupt)
    }

    /// Only what is wrong with the file itself is fatal; a file that cannot be reached may come back.
    init(reopening error: any Error) {
        let isFatal =
            switch error {
            case StoreOpenError.cannotOpen, StoreOpenError.inUse: false
            case let error as SQLiteError: error.isCorrupt
            default: true
            }
        self.init(description: "reopen: \(error)", isFatal: isFatal)
    }

    init(description: String, isFatal: Bool) {
        self.description = description
        self.isFatal = isFatal
    }
}

/// A reading connection. Used by one thread.
package final class StoreReader {
    private let connection: Connection

    init(connection: Connection) { self.connection = connection }

    /// The text of every statement prepared so far.
    var keptSQL: [String] { connection.keptSQL }

    /// Answers a question from what has been committed. A storage error is passed to `report` and comes back as
    /// ``QueueError/storageFailed``.
    package func read<Operation: ReadOperation>(
        _ operation: Operation, report: (StoreFailure) -> Void
    ) -> Result<Operation.Output, QueueError> {
        do {
            try connection.statement("BEGIN").run()
            let output = Result { try operation.run(in: ReadTransaction(connection: connection)) }
            // Ends the snapshot, or checkpoints could not pass it.
            try connection.statement("COMMIT").run()
            return .success(try output.get())
        } catch let error as QueueError {
            return .failure(error)
        } catch {
            if !connection.isAutocommit { try? connection.statement("ROLLBACK").run() }
            report(StoreFailure(description: "read: \(error)", isFatal: (error as? SQLiteError)?.isCorrupt ?? false))
            return .failure(.storageFailed)
        }
    }

    package func close(report: (StoreFailure) -> Void) {
        do {
            try connection.close()
        } catch {
            report(StoreFailure(error, during: "close reader"))
        }
    }
}
