import Glibc

/// The room that sends may fill. They leave a reserve, because receives and deletes need some too: without it nobody
/// could empty a queue on a full disk. Measured anew for each batch.
struct DiskRoom {
    /// A batch is written twice: to the WAL, then to its place in the file. Either may grow the file it goes to.
    static let reserve: Int64 = 16 * 1024 * 1024
    /// What a message takes beside its contents, in rows and indexes, generously.
    private static let overhead: Int64 = 1024

    /// More than a batch can fill.
    static let plenty: Int64 = 4 * 1024 * 1024 * 1024

    /// Free bytes of the file system.
    private var onDisk: Int64
    /// Free bytes inside the database file, which deletes have left.
    private var inFile: Int64

    init(onDisk: Int64, inFile: Int64) {
        self.onDisk = onDisk
        self.inFile = inFile
    }

    private var isLeft: Bool { onDisk >= Self.reserve / 2 && onDisk + inFile >= Self.reserve }

    /// Takes the room for a message; false if there is none for it.
    mutating func take(_ bytes: Int) -> Bool {
        var after = self
        after.onDisk -= Int64(bytes) + Self.overhead
        after.inFile -= Int64(bytes) + Self.overhead
        guard after.isLeft else { return false }
        self = after
        return true
    }

    /// Free bytes of the file system that a file is on; nil where it does not tell (statvfs(3)).
    static func freeBytes(beside path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let (bytes, isTooMany) = status.f_bavail.multipliedReportingOverflow(by: status.f_frsize)
        return isTooMany ? Int64.max : Int64(clamping: bytes)
    }
}
