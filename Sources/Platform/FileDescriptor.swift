import CLinux
import Glibc

/// An open file descriptor. Whoever opened it closes it, once.
package struct FileDescriptor: Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Reads at most `buffer.count` bytes.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> IOResult {
        try retryingUnlessBlocked("read") { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }
    }

    /// Writes as much of `buffer` as the descriptor takes now.
    package func write(_ buffer: UnsafeRawBufferPointer) throws(SystemError) -> IOResult {
        try retryingUnlessBlocked("write") { Glibc.write(rawValue, buffer.baseAddress, buffer.count) }
    }

    /// Closes the descriptor. An error is not reported: Linux has released the descriptor in any case (close(2)), and
    /// nothing of ours keeps written data in a descriptor that is closed without an earlier fsync.
    package func close() {
        _ = Glibc.close(rawValue)
    }

    /// Opens a pipe.
    package static func pipe() throws(SystemError) -> (read: FileDescriptor, write: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        _ = try retryingInterrupted("pipe2") { clinux_pipe(&ends) }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// Raises the number of descriptors this process may open to what the system allows it, and returns it.
    @discardableResult
    package static func raiseLimit() throws(SystemError) -> Int64 {
        try retryingInterrupted("getrlimit") { clinux_raise_descriptor_limit() }
    }
}
