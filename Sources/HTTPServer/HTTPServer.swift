import Platform
import Synchronization

/// An HTTP/1.1 server: one thread with an event loop that does everything but the handler's own work.
package final class HTTPServer: Sendable {
    /// Where the server listens; the port that the system chose if the configuration said 0.
    package let port: UInt16

    private let loop: EventLoop
    private let thread = Mutex<Thread?>(nil)

    /// Takes over a listener. Nobody is served before `start`.
    package init(
        _ listener: HTTPListener, configuration: HTTPServerConfiguration, handler: any HTTPHandler, logger: Logger,
        clock: any Clock = SystemClock()
    ) throws(SystemError) {
        try FileDescriptor.raiseLimit()
        port = listener.port
        loop = try EventLoop(
            configuration: configuration, listeners: listener.descriptors, port: port, handler: handler,
            logger: logger, clock: clock)
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
}
