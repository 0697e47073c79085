import Platform
import SQLite

/// Copies a log that has become long to its places in the file, on connections and a thread of its own.
///
/// While somebody reads, no checkpoint passes what they see, and the log grows. What it holds when they end would be copied
/// at once by the thread that writes, which gives no answers meanwhile: 0.3 s for 95 MB behind a backup. Here it is
/// copied beside that thread, then what was written meanwhile, and so on until little is left.
final class LogCatchUp {
    /// How long to wait where a reader is in the way.
    private static let pauseMilliseconds: Int64 = 10

    private let stop = Mailbox<Never>(capacity: 1)
    private let outcomes = Mailbox<Result<Void, SQLiteError>>(capacity: 1)
    private let thread: Thread

    /// Begins. The log must hold pages that are not copied, and nobody else may copy any until there is an outcome.
    /// `pagesLeft` are not too many to be left to the thread that writes.
    init(path: String, pagesLeft: Int) throws(SystemError) {
        thread = try Thread.start(named: "checkpoint") { [stop, outcomes] in
            let outcome = Result { () throws(SQLiteError) in try Self.run(path, pagesLeft, stop) }
            _ = outcomes.post(outcome)
        }
    }

    deinit {
        stop.close()
        thread.join()
    }

    /// How it has ended, given once; nil if it has not. Waits at most so long, nil without end.
    func outcome(timeoutMilliseconds: Int64?) -> Result<Void, SQLiteError>? {
        outcomes.takeAll(timeoutMilliseconds: timeoutMilliseconds).first
    }

    private static func run(_ path: String, _ pagesLeft: Int, _ stop: Mailbox<Never>) throws(SQLiteError) {
        let rounds = try CatchUpRounds(path: path, pagesLeft: pagesLeft)
        var step = CatchUpRounds.Step.goesOn
        while step != .isDone, !stop.isClosed {
            step = try rounds.next()
            if step == .isHeldUp { _ = stop.takeAll(timeoutMilliseconds: pauseMilliseconds) }
        }
        try rounds.close()
    }
}

/// The rounds of a ``LogCatchUp``.
///
/// Where one connection copies the log and another begins it anew in that moment, SQLite before 3.51.3 can take pages of the
/// new log for copied (https://sqlite.org/wal.html#walresetbug). So a round copies while a transaction of its own reads
/// from the log, which cannot begin anew as long. Such a transaction reads from the log if the log holds pages that
/// are not copied, and there are some before each round: the next one only comes if the last has left some, and nobody
/// else copies.
final class CatchUpRounds {
    enum Step {
        case isDone
        case goesOn
        /// Somebody else reads.
        case isHeldUp
    }

    private let copier: Connection
    private let reader: Connection
    private let pagesLeft: Int
    private var lastCount = Int.max

    init(path: String, vfs: String? = nil, pagesLeft: Int) throws(SQLiteError) {
        self.pagesLeft = pagesLeft
        reader = try Connection(path: path, mode: .readOnly, vfs: vfs)
        copier = try Connection(path: path, mode: .readWrite, vfs: vfs)
        try copier.keepWALWhenClosed(true)
        // Only a connection that has read knows that there is a log.
        try copier.execute(Self.firstRead)
    }

    /// A transaction begins with the first page that is read.
    private static let firstRead = "SELECT count(*) FROM sqlite_schema"

    /// Copies what the log holds now, as far as nobody is in the way.
    func next() throws(SQLiteError) -> Step {
        let before = copier.copiedPageCount
        try reader.execute("BEGIN; \(Self.firstRead)")
        let isAll = try copier.checkpoint()
        try reader.execute("COMMIT")
        let count = copier.copiedPageCount - before
        if count > 0 {
            // The writer's checkpoint, which completes this one, would have to wait for it.
            try copier.syncDatabase()
        }
        if isAll { return .isDone }
        // The few that were committed since the transaction began are no sign of another reader.
        if copier.uncopiedPageCount > pagesLeft { return count > 0 ? .goesOn : .isHeldUp }
        // If a round leaves nearly as much as it has copied, only the writer can end this, since it writes nothing meanwhile.
        guard count > pagesLeft, count <= lastCount / 2 else { return .isDone }
        lastCount = count
        return .goesOn
    }

    func close() throws(SQLiteError) {
        try reader.close()
        try copier.close()
    }
}
