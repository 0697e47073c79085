import CLinux
import Glibc

/// Identifies a connection beyond the life of its descriptor: an event or answer for a recycled one is recognised.
package struct ConnectionID: Hashable, Sendable {
    package let descriptor: Int32
    package let generation: UInt32

    package init(descriptor: Int32, generation: UInt32) {
        self.descriptor = descriptor
        self.generation = generation
    }

    /// Unpacks what `packed` made.
    init(packed: UInt64) {
        descriptor = Int32(truncatingIfNeeded: packed)
        generation = UInt32(packed >> 32)
    }

    /// For `epoll_data`.
    var packed: UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    }
}

/// What epoll tells about a descriptor.
package struct Readiness {
    fileprivate let events: UInt32

    /// There is something to read, be it the end of the stream.
    package var isReadable: Bool { has(EPOLLIN) || hasPeerLeft }
    package var isWritable: Bool { has(EPOLLOUT) }
    /// The other side has shut its sending down.
    package var hasPeerLeft: Bool { has(EPOLLRDHUP) }
    /// The connection is dead in both directions.
    package var isBroken: Bool { has(EPOLLERR) || has(EPOLLHUP) }

    private func has(_ event: EPOLL_EVENTS) -> Bool {
        events & event.rawValue != 0
    }
}

/// An epoll instance.
package struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// - Parameter eventsMax: the most events that one wait tells of.
    package init(eventsMax: Int) throws(SystemError) {
        descriptor = FileDescriptor(
            rawValue: try retryingInterrupted("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        events = .allocate(capacity: eventsMax)
    }

    deinit {
        events.deallocate()
        descriptor.close()
    }

    /// Tells of a connection's changes in either direction, once each. Registered once for the connection's life, so
    /// that no later change costs a system call.
    package func addEdgeTriggered(_ id: ConnectionID) throws(SystemError) {
        let events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        try control(EPOLL_CTL_ADD, id, events)
    }

    /// Tells each time an event signal is raised. Edge-triggered, so that nobody has to lower it again.
    package func addWakeUp(_ id: ConnectionID) throws(SystemError) {
        try control(EPOLL_CTL_ADD, id, EPOLLIN.rawValue | EPOLLET.rawValue)
    }

    /// Tells as long as the descriptor is readable.
    package func addReadable(_ id: ConnectionID) throws(SystemError) {
        try control(EPOLL_CTL_ADD, id, EPOLLIN.rawValue)
    }

    package func remove(_ id: ConnectionID) throws(SystemError) {
        try control(EPOLL_CTL_DEL, id, 0)
    }

    /// Waits for events and calls `body` with each.
    /// - Parameter timeoutMilliseconds: nil waits without end.
    package func wait(
        timeoutMilliseconds: Int64?, _ body: (ConnectionID, Readiness) -> Void
    ) throws(SystemError) {
        let timeout = timeoutMilliseconds.map { Int32(clamping: max(0, $0)) } ?? -1
        let count = epoll_wait(descriptor.rawValue, events.baseAddress, Int32(events.count), timeout)
        try report(count, "epoll_wait", body)
    }

    /// Like `wait(timeoutMilliseconds:)`, for those who must wake in between two milliseconds.
    package func wait(
        timeoutNanoseconds: Int64, _ body: (ConnectionID, Readiness) -> Void
    ) throws(SystemError) {
        let nanoseconds = max(0, timeoutNanoseconds)
        var timeout = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        let count = epoll_pwait2(descriptor.rawValue, events.baseAddress, Int32(events.count), &timeout, nil)
        try report(count, "epoll_pwait2", body)
    }

    private func report(
        _ count: Int32, _ call: String, _ body: (ConnectionID, Readiness) -> Void
    ) throws(SystemError) {
        guard count != -1 else {
            // An interrupted wait is one without events: the caller computes the timeout anew.
            if errno == EINTR { return }
            throw SystemError(code: errno, call: call)
        }
        for event in events[..<Int(count)] {
            body(ConnectionID(packed: event.data.u64), Readiness(events: event.events))
        }
    }

    private func control(_ operation: Int32, _ id: ConnectionID, _ events: UInt32) throws(SystemError) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: id.packed))
        _ = try retryingInterrupted("epoll_ctl") {
            epoll_ctl(descriptor.rawValue, operation, id.descriptor, &event)
        }
    }
}
