import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The value of `errno`.
    package let code: Int32
    /// The name of the call, as in its manual page.
    package let call: String

    package init(code: Int32, call: String) {
        self.code = code
        self.call = call
    }

    /// As in `bind: Address already in use (errno 98)`.
    package var description: String {
        "\(call): \(String(cString: strerror(code))) (errno \(code))"
    }
}

/// The one place where EINTR is handled: calls again until the call was not interrupted by a signal.
package func retryingInterrupted<Result: FixedWidthInteger>(
    _ name: StaticString, _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw SystemError(code: code, call: "\(name)") }
    }
}

/// Like `retryingInterrupted`, for calls on non-blocking descriptors: would-block is a value and not an error.
package func retryingUnlessBlocked(_ name: StaticString, _ call: () -> Int) throws(SystemError) -> IOResult {
    while true {
        let result = call()
        if result != -1 { return .processed(result) }
        let code = errno
        if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
        if code != EINTR { throw SystemError(code: code, call: "\(name)") }
    }
}

/// What became of a read or write.
package enum IOResult: Equatable, Sendable {
    /// So many bytes were read or written; a read of 0 bytes is the end of the stream.
    case processed(Int)
    /// The descriptor is non-blocking and not ready.
    case wouldBlock
}
