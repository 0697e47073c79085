import CLinux
import Glibc

/// A thread of our own, outside Swift's cooperative pool, so that it may block.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    /// - Parameter name: as shown by `ps` and debuggers; the kernel keeps 15 bytes of it.
    package static func start(
        named name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        var handle = pthread_t()
        let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
        let code = pthread_create(&handle, nil, runThread, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        return Thread(handle: handle)
    }

    /// Blocks the calling thread.
    package static func sleep(milliseconds: Int64) {
        var time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        // A signal may cut it short; nothing counts on the whole of it.
        nanosleep(&time, nil)
    }

    /// Lets the calling thread have the processor and the disk only as far as others leave them.
    package static func yieldToOthers() { clinux_yield_to_others() }

    /// Lets waits of the calling thread end within microseconds of their time.
    package static func wakeExactly() { clinux_wake_exactly() }

    /// Waits until the thread has ended. Must be called exactly once, and not by the thread itself.
    package func join() {
        let code = pthread_join(handle, nil)
        precondition(code == 0, "joined a thread twice, or by itself")
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    clinux_name_this_thread(start.name)
    start.body()
    return nil
}
