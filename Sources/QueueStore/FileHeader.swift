import Glibc
import SQLite

/// The first hundred bytes of a database file, looked at before SQLite sees it: SQLite takes a file of a few bytes for an
/// empty database, and opening one of a newer version would already fold its WAL in.
///
/// Format: <https://sqlite.org/fileformat2.html#the_database_header>.
struct FileHeader {
    private static let magic = Array("SQLite format 3\0".utf8)
    private static let byteCount = 100

    /// Refuses what is not ours to open. An empty file is a new database.
    static func check(_ descriptor: Int32, path: String, knownVersion: Int) throws(StoreOpenError) {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = pread(descriptor, &bytes, byteCount, 0)
        guard count >= 0 else {
            throw .cannotOpen(path: path, SQLiteError(code: Int32(errno), message: String(cString: strerror(errno))))
        }
        if count == 0 { return }
        guard count == byteCount, bytes.starts(with: magic) else { throw .notADatabase(path: path) }
        let owner = integer(bytes, at: 68)
        // A database that nobody has marked may be empty; the migrator looks closer.
        guard owner == 0 || owner == Migrator.applicationID else { throw .otherProgram(path: path) }
        let version = Int(integer(bytes, at: 60))
        guard owner == 0 || version <= knownVersion else {
            throw .newerVersion(path: path, found: version, known: knownVersion)
        }
    }

    private static func integer(_ bytes: [UInt8], at offset: Int) -> Int64 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
    }
}
