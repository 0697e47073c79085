import Glibc
import Platform
import SQLite

/// A database file that is being made under another name beside its own, which it gets when it is on stable storage. At
/// no moment is there an incomplete file of the final name.
final class PendingFile {
    static let suffix = ".partial"

    let path: String
    let descriptor: FileDescriptor
    private let finalPath: String

    /// `mode`: who may read and write it, as in `st_mode`. What a killed predecessor has left is written over; a living one keeps the file.
    init(for finalPath: String, mode: mode_t) throws {
        self.finalPath = finalPath
        path = finalPath + Self.suffix
        do throws(SystemError) {
            descriptor = try FileDescriptor.open(path, O_RDWR | O_CREAT)
        } catch {
            throw BackupError.failed(path: path, error)
        }
        do {
            // A predecessor may have given the file its final name just before it gave up the lock.
            guard try descriptor.tryLock(LOCK_EX), try descriptor.isStill(at: path) else {
                throw BackupError.inProgress(path: finalPath)
            }
            for name in Self.companions(of: path) { try FileName.remove(name) }
            try descriptor.truncate(to: 0)
            try descriptor.setMode(mode & 0o777)
        } catch {
            descriptor.close()
            throw error
        }
    }

    /// SQLite's own files beside a database.
    static func companions(of path: String) -> [String] {
        [WriteAheadLog.path(of: path), path + "-shm", path + "-journal"]
    }

    /// A connection that changes the file. Nobody else has it, so no shared memory is needed; what has to be synced is synced
    /// when the file is placed.
    func connect() throws(SQLiteError) -> Connection {
        let connection = try Connection(path: path, mode: .readWriteCreate)
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute("PRAGMA synchronous = OFF")
        return connection
    }

    func size() throws(SystemError) -> Int { try descriptor.status().st_size }

    /// Gives the file its final name; whatever had it is replaced. `before` runs when the file is on stable storage
    /// under its first name.
    func place(before: () throws -> Void = {}) throws {
        try descriptor.sync()
        try FileName.syncDirectory(of: path)
        try before()
        try FileName.rename(path, to: finalPath)
        try FileName.syncDirectory(of: finalPath)
    }

    func discard() {
        // It is on the way out with an error that matters more; what stays is written over the next time.
        for name in [path] + Self.companions(of: path) { try? FileName.remove(name) }
    }

    /// To be called last: it gives up the lock.
    func close() { descriptor.unlockAndClose() }
}
