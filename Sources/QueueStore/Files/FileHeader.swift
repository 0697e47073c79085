import Platform

/// The first hundred bytes of a database file, looked at before SQLite sees it: SQLite takes a file of a few bytes for an
/// empty database, and opening one of a newer version would already fold its WAL in.
///
/// Format: <https://sqlite.org/fileformat2.html#the_database_header>.
struct FileHeader {
    private static let magic = Array("SQLite format 3\0".utf8)
    private static let byteCount = 100

    private let bytes: [UInt8]

    /// Refuses what is not ours. Nil for an empty file, which is a new database.
    init?(of file: FileDescriptor, path: String, knownVersion: Int) throws(StoreOpenError) {
        do throws(SystemError) {
            bytes = try file.bytes(at: 0, count: Self.byteCount)
        } catch {
            throw .cannotRead(path: path, error)
        }
        if bytes.isEmpty { return nil }
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic) else { throw .notADatabase(path: path) }
        // A database that nobody has marked may be empty; the migrator looks closer.
        guard owner == 0 || owner == Migrator.applicationID else { throw .otherProgram(path: path) }
        guard owner == 0 || version <= knownVersion else {
            throw .newerVersion(path: path, found: version, known: knownVersion)
        }
    }

    private var owner: Int64 { integer(at: 68) }

    /// The schema of the file.
    private var version: Int { Int(integer(at: 60)) & ~OpenMark.all.rawValue }

    /// What the file itself, without its log, says of how it was opened for writing.
    var marks: OpenMark { owner == Migrator.applicationID ? OpenMark(rawValue: Int(integer(at: 60))) : [] }

    /// Whether a file of `size` bytes ends with a whole page. SQLite takes what is missing of the last one for zeros.
    func endsWithPage(size: Int) -> Bool {
        let pageSize = Int(bytes[16]) << 8 | Int(bytes[17])
        // 65536 does not fit, and is written as 1.
        return size.isMultiple(of: pageSize == 1 ? 65_536 : pageSize)
    }

    private func integer(at offset: Int) -> Int64 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
    }
}
