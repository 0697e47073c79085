import Glibc
import SQLite

/// Keeps a second daemon away from the file.
///
/// flock(2) and the fcntl(2) locks that SQLite takes on the same file do not know each other on Linux. The descriptor
/// must stay open as long as SQLite has the file: closing any descriptor of a file drops all fcntl locks of the process
/// (https://sqlite.org/howtocorrupt.html, 2.2).
final class DatabaseLock {
    let descriptor: Int32

    init(path: String) throws(StoreOpenError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, SQLiteError(code: Int32(errno), message: String(cString: strerror(errno))))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            throw .inUse(path: path)
        }
        self.descriptor = descriptor
    }

    /// Only after SQLite has closed the file.
    func release() { Glibc.close(descriptor) }
}
