import SQLite

/// How much of the file is free, and how much of that is too much.
///
/// Queues that fill and empty all the time find their room where it was: pages are given back when more than a quarter of
/// the file is free, and then until an eighth is. Each page given back makes at most one other move, so that this costs
/// no more than what had been deleted.
struct FileSpace {
    private let pages: Int
    private let free: Int
    private let kept: Int

    /// - Parameter kept: free pages that are never given back.
    init(of connection: Connection, kept: Int) throws(SQLiteError) {
        self.init(pages: try connection.pageCount(), free: try connection.freePageCount(), kept: kept)
    }

    init(pages: Int, free: Int, kept: Int) {
        self.pages = pages
        self.free = free
        self.kept = kept
    }

    /// It is time to begin to give pages back, asked without counting all pages unless there may be reason to: that statement
    /// SQLite prepares anew each time.
    static func isPlenty(on connection: Connection, kept: Int) throws(SQLiteError) -> Bool {
        let free = try connection.freePageCount()
        // What is not plenty in the smallest file is not in any.
        guard FileSpace(pages: 0, free: free, kept: kept).isPlenty else { return false }
        return FileSpace(pages: try connection.pageCount(), free: free, kept: kept).isPlenty
    }

    private var plenty: Int { max(2 * kept, pages / 4) }

    /// It is time to begin to give pages back.
    var isPlenty: Bool { free > plenty }

    /// Pages to give back once that has begun.
    var surplus: Int { max(0, free - plenty / 2) }
}

/// What has been given back at the end of the database, and is still there in the file. A checkpoint cuts it off.
struct FileEnd {
    /// The system frees so much in a few milliseconds, 64 MiB; a gigabyte would be a pause that everybody notices.
    private static let pagesMax = 16_384

    private var pages = 0
    private var isComplete = false

    /// There are more pages to cut off; `isLast` if no others follow soon.
    mutating func add(_ count: Int, isLast: Bool) {
        pages += count
        isComplete = isLast
    }

    /// A checkpoint is worth while.
    var isDue: Bool { pages >= Self.pagesMax || pages > 0 && isComplete }
}
