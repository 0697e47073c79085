import CLinux

/// The memory of the process.
package enum Memory {
    /// From now on memory in pieces of 256 KiB and more goes back to the system when it is freed, so that a burst of large
    /// requests leaves nothing behind.
    package static func returnLargePieces() {
        clinux_return_large_memory()
    }

    /// Gives back to the system whole pages of what has been freed, wherever they are.
    package static func returnFreedPages() {
        clinux_return_freed_memory()
    }
}
