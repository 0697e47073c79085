import Glibc
import Migrations
import Platform
import SQLite

/// A database file as backup, check and restore see it: nothing is written to it, whether a daemon serves it or not.
///
/// In a process that also writes to the file it must be closed last: closing any descriptor of a file drops all the
/// locks that SQLite has taken on it (https://sqlite.org/howtocorrupt.html, 2.2).
package final class DatabaseFile {
    package let path: String
    let descriptor: FileDescriptor
    /// Nobody writes to the file and there is no log: the file is all there is. It is locked, so that it stays so.
    let isComplete: Bool

    /// Fails for what is no file of ours, or has lost its log.
    package init(path: String) throws(StoreOpenError) {
        // SQLite puts its log beside the file itself.
        let path = FileName.resolvingLinks(path)
        self.path = path
        do throws(SystemError) {
            descriptor = try FileDescriptor.open(path, O_RDONLY)
        } catch {
            throw .cannotRead(path: path, error)
        }
        do {
            let header = try FileHeader(of: descriptor, path: path, knownVersion: Migration.all.count)
            guard header != nil else { throw StoreOpenError.empty(path: path) }
            isComplete = try Self.lockIfComplete(path, descriptor)
        } catch {
            descriptor.close()
            throw (error as? StoreOpenError) ?? .cannotRead(path: path, error)
        }
    }

    private static func lockIfComplete(_ path: String, _ descriptor: FileDescriptor) throws -> Bool {
        guard try descriptor.tryLock(LOCK_SH) else { return false }
        try verify(path, descriptor)
        if try WriteAheadLog.size(of: path) == 0 { return true }
        // A daemon that was killed may be started again meanwhile: SQLite's own locks are enough then.
        try descriptor.unlock()
        return false
    }

    /// Whether file and log are what the last daemon left, as far as that can be told in a moment. Nobody may be
    /// serving the file.
    static func verify(_ path: String, _ descriptor: FileDescriptor) throws(StoreOpenError) {
        let header = try FileHeader(of: descriptor, path: path, knownVersion: Migration.all.count)
        do {
            let logSize = try WriteAheadLog.size(of: path)
            switch header {
            case nil where logSize > 0: throw StoreOpenError.logWithoutDatabase(path: path)
            case let header? where header.marks.contains(.isOpen):
                guard logSize > 0 else { throw StoreOpenError.logMissing(path: path) }
                if header.marks.contains(.isRelaxed) { break }
                if try WriteAheadLog.isDamaged(of: path) { throw StoreOpenError.logDamaged(path: path) }
            // A power cut may leave part of a page that is in the log; without one the file has been cut.
            case let header? where try logSize == 0 && !header.endsWithPage(size: descriptor.status().st_size):
                throw StoreOpenError.notADatabase(path: path)
            default: break
            }
        } catch {
            throw (error as? StoreOpenError) ?? .cannotRead(path: path, error)
        }
    }

    package func close() { descriptor.unlockAndClose() }

    /// A connection that reads the file as it is, its log included.
    func connect() throws(StoreOpenError) -> Connection {
        do {
            let connection = try Connection(path: path, mode: isComplete ? .immutable : .readOnly)
            // A daemon that starts or stops holds the file for a moment.
            try connection.execute("PRAGMA busy_timeout = 10000")
            return connection
        } catch {
            throw .cannotOpen(path: path, error)
        }
    }
}
