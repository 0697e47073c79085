/// How the maker of a backup takes part in it.
package struct BackupControl {
    /// Told how far the copy is, in bytes.
    package var progress: (_ done: Int, _ total: Int) -> Void
    /// Asked every so often whether to give up.
    package var isCancelled: () -> Bool
    /// Waits, so that a daemon at work has the disk to itself half of the time.
    package var rest: (_ milliseconds: Int64) -> Void

    package init(
        progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
        isCancelled: @escaping () -> Bool = { false },
        rest: @escaping (_ milliseconds: Int64) -> Void = { _ in }
    ) {
        self.progress = progress
        self.isCancelled = isCancelled
        self.rest = rest
    }
}
