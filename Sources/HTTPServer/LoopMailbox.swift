import Platform
import Synchronization

/// What other threads, and handlers, ask of the event loop.
enum LoopMessage: Sendable {
    case answer(HTTPExchange, @Sendable () -> HTTPResponse)
    case clientHasLeft(HTTPExchange)
    case run(@Sendable () -> Void)
    case stopAccepting
    /// Ends the loop when every answer is written, at the latest at this monotonic millisecond.
    case shutDown(deadline: Int64)
}

/// Hands messages to the event loop. A message costs the eventfd's system call only if the loop sleeps and no message
/// before it has woken it.
final class LoopMailbox: Sendable {
    private struct State {
        var messages: [LoopMessage] = []
        var loopSleeps = false
        var isClosed = false
    }

    let signal: EventSignal
    private let state = Mutex(State())

    init() throws(SystemError) {
        signal = try EventSignal()
    }

    deinit {
        signal.close()
    }

    func post(_ message: LoopMessage) {
        let mustWake = state.withLock { state in
            if state.isClosed { return false }
            state.messages.append(message)
            defer { state.loopSleeps = false }
            return state.loopSleeps
        }
        if mustWake { signal.raise() }
    }

    /// Drops what is there and whatever comes, because the loop has ended.
    func close() {
        var dropped: [LoopMessage] = []
        state.withLock { state in
            state.isClosed = true
            swap(&state.messages, &dropped)
        }
    }

    /// Swaps the messages for those of `taken`, which are dropped.
    func takeAll(into taken: inout [LoopMessage]) {
        taken.removeAll(keepingCapacity: true)
        state.withLock { state in
            state.loopSleeps = false
            swap(&state.messages, &taken)
        }
    }

    /// To be called before the loop sleeps.
    /// - Returns: false if it must not, because there are messages.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.loopSleeps = state.messages.isEmpty
            return state.loopSleeps
        }
    }
}
