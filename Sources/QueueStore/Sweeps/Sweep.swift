import QueueModel

/// A change that is due by itself. No rule can refuse it, so there is never anything of it to undo alone: it needs no
/// savepoint, for which SQLite would copy every page that a large sweep touches into a file.
package protocol Sweep: WriteOperation {}

extension Sweep {
    package static var checksBeforeChanging: Bool { true }
}

/// What one run of a sweep did.
package struct SweepResult: Sendable, Equatable {
    /// Rows dealt with, or pages.
    package var count: Int
    /// When there will be work again; nil if that is up to later changes. In the past if there is work left.
    package var nextDue: Timestamp?
}
