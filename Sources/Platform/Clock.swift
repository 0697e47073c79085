import Glibc
import Synchronization

/// The wall clock as everything in the daemon sees it. Injected everywhere, so that tests and simulations own time.
package protocol Clock: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    func now() -> Int64
}

/// Real time. The wall clock is read once, then time advances with CLOCK_BOOTTIME, so that a step of the wall clock
/// (NTP, an administrator) neither releases nor freezes messages. Boot time, unlike monotonic time, goes on while the
/// machine is suspended.
package struct SystemClock: Clock {
    private let wallMinusBootNanoseconds: Int64

    package init() {
        wallMinusBootNanoseconds = readNanoseconds(of: CLOCK_REALTIME) - readNanoseconds(of: CLOCK_BOOTTIME)
    }

    package func now() -> Int64 {
        (readNanoseconds(of: CLOCK_BOOTTIME) + wallMinusBootNanoseconds) / 1_000_000
    }
}

/// A clock that stands still until it is told otherwise.
package final class ManualClock: Clock {
    private let milliseconds: Atomic<Int64>

    package init(now: Int64 = 1_700_000_000_000) {
        milliseconds = Atomic(now)
    }

    package func now() -> Int64 {
        milliseconds.load(ordering: .acquiring)
    }

    /// Moves the clock to a moment, which may lie in the past.
    package func set(to now: Int64) {
        milliseconds.store(now, ordering: .releasing)
    }

    /// Moves the clock on.
    package func advance(byMilliseconds delta: Int64) {
        milliseconds.add(delta, ordering: .acquiringAndReleasing)
    }
}

/// Time for measuring and for timeouts: never steps, has no meaning outside this boot.
package enum MonotonicTime {
    /// Nanoseconds since some moment before the process started.
    package static func nanoseconds() -> Int64 {
        readNanoseconds(of: CLOCK_MONOTONIC)
    }

    /// Milliseconds since some moment before the process started.
    package static func milliseconds() -> Int64 {
        nanoseconds() / 1_000_000
    }
}

private func readNanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    // These clocks exist on every Linux that runs us, and the pointer is valid: there is nothing that can fail.
    let result = clock_gettime(clock, &time)
    precondition(result == 0, "clock_gettime failed")
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
