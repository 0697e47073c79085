/// Pages of the database that hold nothing.
extension Connection {
    /// Pages of the database as the running transaction leaves it, the free ones among them.
    package func pageCount() throws(SQLiteError) -> Int {
        try statement("PRAGMA page_count").first { Int($0.integer(0)) } ?? 0
    }

    /// Free pages of the database as the running transaction leaves it.
    package func freePageCount() throws(SQLiteError) -> Int {
        try statement("PRAGMA freelist_count").first { Int($0.integer(0)) } ?? 0
    }

    /// Makes the database shorter page by page, as long as there are free pages and `goesOn` says so, which is asked after
    /// each. A page in use at the end moves to a free place. The file follows when a checkpoint has copied all of the WAL.
    ///
    /// Every row of the statement is one page that is done, and whoever stops at a row keeps what was done before.
    /// https://sqlite.org/pragma.html#pragma_incremental_vacuum
    package func dropFreePages(while goesOn: () -> Bool) throws(SQLiteError) {
        try statement("PRAGMA incremental_vacuum").stepEach(while: goesOn)
    }
}
