import QueueModel
import SQLite

/// Hands out sequence numbers that only ever rise, through crashes too. Numbers are reserved on disk in blocks; what a
/// crash leaves of a block is skipped.
struct SequenceAllocator {
    private static let blockLength: Int64 = 100_000

    private var next: Int64
    private var reserved: Int64
    /// The reservation that is on disk.
    private var confirmed: Int64

    init(on connection: Connection) throws(SQLiteError) {
        next =
            try connection.statement("SELECT value FROM store_setting WHERE name = 'sequence_reserved'").first {
                $0.integer(0)
            } ?? 1
        reserved = next
        confirmed = next
    }

    /// More than a daemon gives in a millisecond, so that a file put back to an older state begins behind whatever was given
    /// until then. They last for two centuries.
    private static let numbersInMillisecond: Int64 = 1 << 19
    /// More than were given since, if the clock has been set back.
    private static let numbersSkipped: Int64 = 1 << 40

    /// Leaves out all numbers that may have been given before a time and are not known in this file.
    static func skipNumbers(givenBefore now: Timestamp, on connection: Connection) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT INTO store_setting (name, value) VALUES ('sequence_reserved', ?1)
            ON CONFLICT (name) DO UPDATE SET value = max(value + ?2, ?1)
            """
        ).run(now.milliseconds * numbersInMillisecond, numbersSkipped)
    }

    mutating func allocate(on connection: Connection) throws(SQLiteError) -> SequenceNumber {
        if next >= reserved {
            try connection.statement(
                """
                INSERT INTO store_setting (name, value) VALUES ('sequence_reserved', ?1)
                ON CONFLICT (name) DO UPDATE SET value = ?1
                """
            ).run(next + Self.blockLength)
            reserved = next + Self.blockLength
        }
        defer { next += 1 }
        return SequenceNumber(next)
    }

    /// The transaction in which numbers may have been reserved is gone: the next number reserves anew.
    mutating func rollBack() { reserved = min(reserved, confirmed) }

    /// What was reserved is on disk.
    mutating func commit() { confirmed = reserved }
}
