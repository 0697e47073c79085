import CLinux
import Glibc

/// Turns SIGTERM and SIGINT into something to wait for, and ignores SIGPIPE.
///
/// Signals are blocked per thread and the mask is inherited: make the waiter on the main thread before any other
/// thread is started, or the signal kills the process by way of a thread that does not block it.
package struct SignalWaiter: Sendable {
    /// Readable when a signal is pending.
    package let descriptor: FileDescriptor

    package init() throws(SystemError) {
        clinux_ignore_sigpipe()
        descriptor = FileDescriptor(
            rawValue: try retryingInterrupted("signalfd") { clinux_signalfd(SIGTERM, SIGINT) })
    }

    /// Blocks until one of the signals arrives and returns its number.
    package func wait() throws(SystemError) -> Int32 {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        _ = try retryingInterrupted("read") { Glibc.read(descriptor.rawValue, &info, size) }
        return Int32(info.ssi_signo)
    }

    /// Whether one of the signals has arrived.
    package func isPending() -> Bool {
        var state = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        // An interrupted call has seen no signal of ours, which are blocked.
        return poll(&state, 1, 0) > 0
    }

    package func close() {
        descriptor.close()
    }
}
