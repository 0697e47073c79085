import CLinux
import Glibc

/// An eventfd: lets any thread wake a thread that waits in epoll.
package struct EventSignal: Sendable {
    package let descriptor: FileDescriptor

    package init() throws(SystemError) {
        let flags = Int32(EFD_NONBLOCK | EFD_CLOEXEC)
        descriptor = FileDescriptor(rawValue: try retryingInterrupted("eventfd") { eventfd(0, flags) })
    }

    /// Makes the descriptor readable. Waited for edge-triggered it need never be read.
    package func raise() {
        var one: UInt64 = 1
        // The only failure of an open eventfd is EAGAIN, when its counter is full: then it is readable anyway.
        _ = Glibc.write(descriptor.rawValue, &one, MemoryLayout<UInt64>.size)
    }

    package func close() {
        descriptor.close()
    }
}
