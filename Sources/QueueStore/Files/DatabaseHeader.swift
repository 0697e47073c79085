import Platform

/// The first hundred bytes of a database file, read past SQLite. https://sqlite.org/fileformat2.html#the_database_header
struct DatabaseHeader {
    private let bytes: [UInt8]

    /// Nil if the file does not begin as an SQLite database does.
    init?(of file: FileDescriptor) throws(SystemError) {
        bytes = try file.bytes(at: 0, count: 100)
        guard bytes.starts(with: Array("SQLite format 3\0".utf8)) else { return nil }
    }

    /// Whether the file itself, without its log, says that it is open for writing. See ``OpenMark``.
    var isMarkedOpen: Bool { bytes[60..<64].elementsEqual([0, 0, 0, UInt8(OpenMark.open)]) }
}
