import Platform
import QueueModel

/// The time of the queues. It goes on where the store's left off: if the wall clock was set back while the daemon was
/// down, messages neither freeze until it has caught up nor are released early.
struct ForwardClock: Sendable {
    private let clock: any Clock
    private let lead: Int64

    init(_ clock: any Clock, from latest: Timestamp) {
        self.clock = clock
        lead = max(0, latest.milliseconds - clock.now())
    }

    func now() -> Timestamp { Timestamp(milliseconds: clock.now() + lead) }
}
