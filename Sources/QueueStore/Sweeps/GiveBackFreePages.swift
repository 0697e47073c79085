/// Makes the file shorter where much of it is free, from its end, in small steps.
///
/// What a page costs depends on where the free ones are listed: SQLite looks for each in a list that has a page for every
/// thousand of them. So it is not only the number of pages that has a limit.
package struct GiveBackFreePages: Sweep {
    let limit: Int
    let isTimeOver: @Sendable () -> Bool

    /// - Parameter isTimeOver: asked after each page; at least one is given back.
    package init(limit: Int, isTimeOver: @escaping @Sendable () -> Bool) {
        self.limit = limit
        self.isTimeOver = isTimeOver
    }

    package func run(in transaction: WriteTransaction) throws -> SweepResult {
        let kept = transaction.options.freePagesKept
        let wanted = min(limit, try FileSpace(of: transaction.database, kept: kept).surplus)
        var done = 0
        if wanted > 0 {
            try transaction.database.dropFreePages {
                done += 1
                return done < wanted && !isTimeOver()
            }
        }
        // A file that cannot give pages back has done none.
        let isLast = try done == 0 || FileSpace(of: transaction.database, kept: kept).surplus == 0
        transaction.fileEnd.add(done, isLast: isLast)
        return SweepResult(count: done, nextDue: isLast ? nil : transaction.now)
    }
}
