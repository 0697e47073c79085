import Glibc
import Migrations
import Platform
import SQLite

/// Takes a consistent copy of a database, in one file that needs no log, while a daemon goes on writing to it.
///
/// A copy made by SQLite's means (its backup interface, VACUUM INTO) holds one read transaction from the first page to
/// the last. The log cannot begin anew meanwhile, and when the copy is done the daemon has all of it to check in at
/// once: measured on a file of 1.5 GB under full load, 7 s, 300 MB of log, and then 0.4 to 0.8 s in which nothing was
/// answered. So the file is copied as it is, with no transaction and with rests, while pages change under the copy; then
/// again what differs; and only the last comparison, which reads at the speed of memory and writes little, happens
/// inside a read transaction. As long as that is open
/// - checkpoints put no page into the file that is newer than the transaction, and what they do put there is in the
///   log too (https://sqlite.org/fileformat2.html#checkpoints),
/// - the log does not begin anew, but for one exception: where the whole of it had been put into the file before the
///   transaction began. Then the file does not change at all, and the log either is still the old one, or holds
///   transactions that came after. Its header tells which, so the log is read again if that changed.
///
/// Hence file and log together are a database as it was at that moment or, with what the end of the log already held,
/// a little later; SQLite folds the log of the copy in as after a crash.
package struct Backup {
    /// Bytes written between two flushes.
    private static let flushLength: Int = 1 << 20
    /// Fewer changed bytes than these are left to the last pass.
    private static let fewBytes: Int = 16 << 20
    private static let passesMax = 4
    /// The least growth of the log that stops the copy.
    private static let logMax: Int = 1 << 30

    private let source: DatabaseFile
    private let path: String
    private let control: BackupControl

    /// - Parameter path: the file to make; must not exist.
    package init(of source: DatabaseFile, to path: String, control: BackupControl = BackupControl()) {
        self.source = source
        self.path = path
        self.control = control
    }

    /// Makes the copy, checks its structure and gives it its name when it is on stable storage. Returns its size. An
    /// error leaves nothing behind.
    package func run() throws -> Int {
        guard try FileName.status(of: path) == nil else { throw BackupError.exists(path: path) }
        let file = try PendingFile(for: path, mode: source.descriptor.status().st_mode)
        defer { file.close() }
        do {
            try fill(file)
            try file.place()
            return try file.size()
        } catch {
            file.discard()
            if let error = error as? SystemError { throw BackupError.failed(path: path, error) }
            throw error
        }
    }

    /// Makes `file` a sound copy without a log.
    func fill(_ file: PendingFile) throws {
        let copy = FileCopy(source: source.descriptor, target: file.descriptor)
        if source.isComplete {
            _ = try copyGently(copy, file, rests: false, forgets: false)
        } else {
            // The second pass reads back what the first has forgotten, with rests, and the check finds it in memory.
            for pass in 1...Self.passesMax
            where try copyGently(copy, file, rests: true, forgets: pass == 1) <= Self.fewBytes { break }
            try complete(copy, file)
        }
        try finish(file)
    }

    /// One pass that hurts nobody: what is written is sent to the disk bit by bit, and half of the time is a rest. One that
    /// `forgets` uses the same memory again and again, where the system would have to find new memory for all of the copy:
    /// without that, sends beside it took a third to a half longer (docs/performance.md).
    private func copyGently(_ copy: FileCopy, _ file: PendingFile, rests: Bool, forgets: Bool) throws -> Int {
        let total = try source.descriptor.status().st_size
        var flushed: Int = 0
        var start = MonotonicTime.milliseconds()
        return try copy.pass { end in
            if control.isCancelled() { throw BackupError.cancelled }
            guard end - flushed >= Self.flushLength else { return }
            try file.descriptor.flush(from: flushed, count: end - flushed)
            if forgets { file.descriptor.forget(from: flushed, count: end - flushed) }
            flushed = end
            control.progress(end, max(end, total))
            if rests { control.rest(MonotonicTime.milliseconds() - start) }
            start = MonotonicTime.milliseconds()
        }
    }

    /// Brings the copy to one moment of the database.
    private func complete(_ copy: FileCopy, _ file: PendingFile) throws {
        let connection = try source.connect()
        do {
            try connection.beginReading()
            let before = try WriteAheadLog.size(of: source.path)
            var looked: Int = 0
            _ = try copy.pass { end in
                guard end - looked >= Self.flushLength else { return }
                looked = end
                if control.isCancelled() { throw BackupError.cancelled }
                let log = try WriteAheadLog.size(of: source.path)
                if log - before > max(Self.logMax, end) { throw BackupError.logGrows(path: source.path, bytes: log) }
            }
            try copyLog(to: file)
            try connection.execute("COMMIT")
            try connection.close()
        } catch let error as SQLiteError {
            throw StoreOpenError.cannotOpen(path: source.path, error)
        }
    }

    private func copyLog(to file: PendingFile) throws {
        let log: FileDescriptor
        do throws(SystemError) {
            log = try FileDescriptor.open(WriteAheadLog.path(of: source.path), O_RDONLY)
        } catch {
            guard error.code == ENOENT else { throw error }
            // The daemon has stopped meanwhile, and the file is all there is.
            let header = try FileHeader(of: source.descriptor, path: source.path, knownVersion: Migration.all.count)
            guard header?.marks.contains(.isOpen) == false else { throw StoreOpenError.logMissing(path: source.path) }
            return
        }
        defer { log.close() }
        let target = try FileDescriptor.open(WriteAheadLog.path(of: file.path), O_RDWR | O_CREAT | O_TRUNC)
        defer { target.close() }
        let copy = FileCopy(source: log, target: target)
        var header: [UInt8]
        repeat {
            header = try log.bytes(at: 0, count: 32)
            _ = try copy.pass { _ in }
        } while header != (try log.bytes(at: 0, count: 32))
    }

    /// How long the check of the structure goes on before somebody is asked whether to give up.
    private static let checkMilliseconds: Int64 = 100

    /// Looks through the structure on another thread, since that takes minutes for a large file, and can be interrupted.
    private func firstProblem(of connection: Connection) throws -> String? {
        let problems = Mailbox<Result<[String], SQLiteError>>(capacity: 1)
        let checked = Handover(connection)
        let thread = try Thread.start(named: "check") {
            _ = problems.post(Result { () throws(SQLiteError) in try checked.value.structureProblems(max: 1) })
        }
        defer { thread.join() }
        while true {
            if let found = problems.takeAll(timeoutMilliseconds: Self.checkMilliseconds).first {
                // What was interrupted tells of problems that are none.
                if control.isCancelled() { throw BackupError.cancelled }
                return try found.get().first
            }
            if control.isCancelled() { connection.interrupt() }
        }
    }

    /// Folds the log in, takes the marks of a served file away, and looks the result through.
    private func finish(_ file: PendingFile) throws {
        do {
            let connection = try file.connect()
            _ = try Migrator(of: connection, path: source.path).check()
            try OpenMark.clear(on: connection)
            // Without the mark of WAL in its header the file can be read where nothing can be written.
            try connection.execute("PRAGMA journal_mode = DELETE")
            if let problem = try firstProblem(of: connection) {
                throw BackupError.damaged(path: source.path, problem: problem)
            }
            try connection.close()
        } catch let error as SQLiteError {
            if error.isCorrupt { throw BackupError.damaged(path: source.path, problem: error.message) }
            throw StoreOpenError.cannotOpen(path: file.path, error)
        }
    }
}
