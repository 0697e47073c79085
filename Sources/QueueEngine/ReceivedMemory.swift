import Synchronization

/// How many bytes of messages have been handed out whose answers are not made yet. The writer is quicker in reading
/// messages than the event loop in writing them, and stops at the bound.
final class ReceivedMemory: Sendable {
    private let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    var isUsedUp: Bool { used.load(ordering: .relaxed) >= limit }

    fileprivate func change(by bytes: Int) { used.add(bytes, ordering: .relaxed) }
}

/// What the messages of one receive use of the ``ReceivedMemory``, as long as this object lives.
package final class ReceivedBytes: Sendable {
    private let charged = Mutex<(bytes: Int, memory: ReceivedMemory)?>(nil)

    init() {}

    deinit { charged.withLock { $0.map { $0.memory.change(by: -$0.bytes) } } }

    /// Takes the place of an earlier charge.
    func charge(_ bytes: Int, to memory: ReceivedMemory) {
        charged.withLock { charged in
            memory.change(by: bytes - (charged?.bytes ?? 0))
            charged = (bytes, memory)
        }
    }
}
