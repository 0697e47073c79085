import Platform
import Synchronization

/// Why a server cannot be made, beside a failing system call.
package enum HTTPServerError: Error, Equatable, CustomStringConvertible {
    case cannotResolve(host: String, reason: String)

    package var description: String {
        switch self {
        case .cannotResolve(let host, let reason): "cannot resolve \(host): \(reason)"
        }
    }
}

/// An HTTP/1.1 server: one thread with an event loop that does everything but the handler's own work.
package final class HTTPServer: Sendable {
    /// Where the server listens; the port that the system chose if the configuration said 0.
    package let port: UInt16

    private let loop: EventLoop
    private let thread = Mutex<Thread?>(nil)

    /// Binds the address. Clients can connect from now on, but are not served before `start`.
    /// - Throws: `HTTPServerError` or `SystemError`.
    package init(
        configuration: HTTPServerConfiguration, handler: any HTTPHandler, logger: Logger,
        clock: any Clock = SystemClock()
    ) throws {
        try FileDescriptor.raiseLimit()
        let (listeners, port) = try Self.listen(configuration)
        self.port = port
        loop = try EventLoop(
            configuration: configuration, listeners: listeners, port: port, handler: handler, logger: logger,
            clock: clock)
    }

    /// Starts the event loop's thread. To be called once.
    package func start() throws(SystemError) {
        let loop = loop
        let started = try Thread.start(named: "http") { loop.run() }
        thread.withLock { thread in
            precondition(thread == nil, "the server was started twice")
            thread = started
        }
    }

    /// Refuses new connections from soon on; those that are there are served.
    package func stopAccepting() {
        loop.mailbox.post(.stopAccepting)
    }

    /// Stops: accepts no more, closes idle connections, waits for the outstanding answers to be given and written, and
    /// ends the thread. Exchanges that are still unanswered at the limit are abandoned.
    /// - Parameter drainMilliseconds: how long answers are waited for.
    package func shutDown(drainMilliseconds: Int64) {
        loop.mailbox.post(.shutDown(deadline: MonotonicTime.milliseconds() + max(0, drainMilliseconds)))
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    /// One socket for each address of the host, all on the same port. An address that this machine lacks is left out
    /// as long as there is another.
    private static func listen(
        _ configuration: HTTPServerConfiguration
    ) throws -> (listeners: [FileDescriptor], port: UInt16) {
        var listeners: [FileDescriptor] = []
        var port = configuration.port
        var lastError: SystemError?
        for var address in try SocketAddress.resolve(host: configuration.host, port: port) {
            address.port = port
            do throws(SystemError) {
                let listener = try FileDescriptor.listen(on: address, backlog: 4096)
                listeners.append(listener)
                port = try listener.localAddress().port
            } catch {
                lastError = error
                guard error.isMissingAddress else { break }
            }
        }
        if let lastError, listeners.isEmpty || !lastError.isMissingAddress {
            for listener in listeners { listener.close() }
            throw lastError
        }
        return (listeners, port)
    }
}
