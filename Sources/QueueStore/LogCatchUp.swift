import Platform
import SQLite
import Synchronization

/// Copies a log that has become long to its places in the file, on connections and a thread of its own.
///
/// While somebody reads, no checkpoint passes what they see, and the log grows. What it holds when they end would be copied
/// at once by the thread that writes, which gives no answers meanwhile: 0.3 s for 95 MB behind a backup. Here it is
/// copied beside that thread, then what was written meanwhile, and so on until little is left.
final class LogCatchUp {
    /// How long to wait where a reader is in the way.
    private static let pauseMilliseconds: Int64 = 10

    private final class Progress: Sendable {
        let copiedPages = Atomic<Int>(0)
        let stop = Mailbox<Never>(capacity: 1)
        let outcomes = Mailbox<Result<Void, SQLiteError>>(capacity: 1)
    }

    private let progress = Progress()
    private let thread: Thread

    /// Begins. `pagesLeft` are not too many to be left to the thread that writes.
    init(path: String, pagesLeft: Int) throws(SystemError) {
        thread = try Thread.start(named: "checkpoint") { [progress] in
            let outcome = Result { () throws(SQLiteError) in try Self.run(path, pagesLeft, progress) }
            _ = progress.outcomes.post(outcome)
        }
    }

    deinit {
        end()
        thread.join()
    }

    /// Pages of the log that are in their places by now.
    var copiedPages: Int { progress.copiedPages.load(ordering: .relaxed) }

    /// How it has ended, given once; nil if it has not. Waits at most so long, nil without end.
    func outcome(timeoutMilliseconds: Int64?) -> Result<Void, SQLiteError>? {
        progress.outcomes.takeAll(timeoutMilliseconds: timeoutMilliseconds).first
    }

    /// Lets it end after the round that is under way.
    func end() { progress.stop.close() }

    private static func run(_ path: String, _ pagesLeft: Int, _ progress: Progress) throws(SQLiteError) {
        let rounds = try CatchUpRounds(path: path, pagesLeft: pagesLeft)
        var step = CatchUpRounds.Step.goesOn
        while step != .isDone, !progress.stop.isClosed {
            step = try rounds.next()
            progress.copiedPages.store(rounds.copiedPages, ordering: .relaxed)
            if step == .isHeldUp { _ = progress.stop.takeAll(timeoutMilliseconds: pauseMilliseconds) }
        }
        try rounds.close()
    }
}

/// The rounds of a ``LogCatchUp``.
///
/// Where one connection copies the log and another begins it anew in that moment, SQLite before 3.51.3 can take pages of the
/// new log for copied (https://sqlite.org/wal.html#walresetbug). So a round copies while a transaction of its own reads. As
/// long as that reads from the log, the log cannot begin anew. If all of the log was in the file when it began, it reads from
/// the file alone, and the log can; but then nobody may write to the file, and nothing is copied.
final class CatchUpRounds {
    enum Step {
        case isDone
        case goesOn
        /// Somebody else reads, or copies.
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
        try copier.beginReading()
        try copier.execute("COMMIT")
    }

    /// Pages of the log that are in their places.
    var copiedPages: Int { copier.copiedPageCount }

    /// Copies what the log holds now, as far as nobody is in the way. `meanwhile` is what a test lets others do before the
    /// transaction ends.
    func next(meanwhile: () -> Void = {}) throws(SQLiteError) -> Step {
        let before = copiedPages
        do throws(SQLiteError) {
            try reader.beginReading()
            try copier.checkpoint()
        } catch {
            // Somebody else copies. After anything else there is no other round.
            guard error.isBusy else { throw error }
            if !reader.isAutocommit { try reader.execute("ROLLBACK") }
            return .isHeldUp
        }
        meanwhile()
        try reader.execute("COMMIT")
        // The log may have begun anew since the last round.
        let count = copiedPages < before ? copiedPages : copiedPages - before
        if count > 0 {
            // The writer's checkpoint, which completes this one, would have to wait for it.
            try copier.syncDatabase()
        }
        // The few that were committed since the transaction began are no sign of another reader.
        if copier.uncopiedPageCount > pagesLeft {
            lastCount = .max
            return count > 0 ? .goesOn : .isHeldUp
        }
        // What was written meanwhile is for the next round. If each leaves nearly as much as it has copied, only the writer
        // can end this, since it writes nothing while it copies.
        guard count > pagesLeft, count <= lastCount / 2 else { return .isDone }
        lastCount = count
        return .goesOn
    }

    func close() throws(SQLiteError) {
        try reader.close()
        try copier.close()
    }
}
