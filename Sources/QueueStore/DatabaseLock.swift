import Glibc
import Platform
import SQLite

/// Keeps a second daemon away from the file.
///
/// flock(2) and the fcntl(2) locks that SQLite takes on the same file do not know each other on Linux. The descriptor
/// must stay open as long as SQLite has the file: closing any descriptor of a file drops all fcntl locks of the process
/// (https://sqlite.org/howtocorrupt.html, 2.2).
final class DatabaseLock {
    let descriptor: FileDescriptor

    init(path: String) throws(StoreOpenError) {
        do throws(SystemError) {
            descriptor = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o644)
        } catch {
            let message = String(cString: strerror(error.code))
            throw .cannotOpen(path: path, SQLiteError(code: error.code, message: message))
        }
        do {
            // Of a file that has been replaced since it was opened the lock is worth nothing.
            guard try descriptor.tryLock(LOCK_EX), try descriptor.isStill(at: path) else {
                throw StoreOpenError.inUse(path: path)
            }
        } catch {
            release()
            throw (error as? StoreOpenError) ?? .cannotRead(path: path, error)
        }
    }

    /// Only after SQLite has closed the file.
    func release() { descriptor.unlockAndClose() }
}
