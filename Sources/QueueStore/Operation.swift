import QueueModel

/// A change of the store that succeeds or fails as one. Runs on the store's writer thread.
package protocol WriteOperation<Output>: Sendable {
    associatedtype Output: Sendable

    /// Throws a ``QueueError`` where the rules say no, and an error of the storage where that fails; in both cases
    /// nothing of the operation remains.
    func run(in transaction: WriteTransaction) throws -> Output

    /// Whether the operation throws a ``QueueError`` only before its first change. Then there is never anything of it
    /// to undo, and it runs without a savepoint of its own, for which SQLite would copy every page it touches.
    static var checksBeforeChanging: Bool { get }
}

extension WriteOperation {
    package static var checksBeforeChanging: Bool { false }
}

/// A question to the store. Runs on a reader thread and sees what has been committed.
package protocol ReadOperation<Output>: Sendable {
    associatedtype Output: Sendable

    func run(in transaction: ReadTransaction) throws -> Output
}
