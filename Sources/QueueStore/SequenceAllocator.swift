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

    /// Leaves so many numbers out that nobody has reserved.
    static func skip(_ count: Int64, on connection: Connection) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT INTO store_setting (name, value) VALUES ('sequence_reserved', 1 + ?1)
            ON CONFLICT (name) DO UPDATE SET value = value + ?1
            """
        ).run(count)
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
