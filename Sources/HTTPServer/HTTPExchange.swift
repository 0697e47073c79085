import Platform
import Synchronization

/// Answers requests.
package protocol HTTPHandler: Sendable {
    /// Called on the event loop for every request, so it must not block. The answer may come at any later time, from
    /// any thread.
    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange)

    /// Called before the requests that one look at the sockets has found, so that what they ask for can be done together.
    func requestsBegin()

    /// Called after them.
    func requestsEnd()
}

extension HTTPHandler {
    package func requestsBegin() {}
    package func requestsEnd() {}
}

/// One request that awaits its answer.
package final class HTTPExchange: Sendable {
    private enum State {
        case waiting(onAbandon: (@Sendable () -> Void)?)
        /// The client has shut its sending side down. That is how most of them leave, but some still read.
        case clientLeft
        /// The answer is on its way to the event loop, where it may turn out that nobody is left to take it.
        case answered(onAbandon: (@Sendable () -> Void)?)
        case ended
        case abandoned
    }

    /// Which connection it came from.
    let connection: ConnectionID
    private let delivery: any AnswerDelivery
    private let state = Mutex(State.waiting(onAbandon: nil))
    private let kept = Mutex<(any AnyObject & Sendable)?>(nil)

    init(connection: ConnectionID, delivery: any AnswerDelivery) {
        self.connection = connection
        self.delivery = delivery
    }

    /// An exchange without a connection, for calling a handler directly.
    /// - Parameter answer: called with the answer on the thread that gives it.
    package convenience init(answer: @escaping @Sendable (HTTPResponse) -> Void) {
        self.init(connection: ConnectionID(descriptor: -1, generation: 0), delivery: DirectDelivery(answer: answer))
    }

    /// Answers the request, from any thread. To be called once; if the client has gone away nothing happens.
    /// - Parameter make: makes the answer; runs on the event loop, so that encoding costs no other thread.
    package func respond(_ make: @escaping @Sendable () -> HTTPResponse) {
        let isWanted = state.withLock { state in
            switch state {
            case .waiting(let action):
                state = .answered(onAbandon: action)
                return true
            case .clientLeft:
                state = .answered(onAbandon: nil)
                return true
            case .abandoned: return false
            case .answered, .ended: preconditionFailure("a request was answered twice")
            }
        }
        if isWanted { delivery.deliver(make, for: self) }
    }

    /// Asks to be told if the client goes away before the answer has reached the event loop; the answer is then not
    /// wanted any more. A client that shuts only its sending side down counts as gone once this has been called, and is
    /// answered otherwise.
    /// - Parameter action: runs on the event loop, at most once.
    package func onAbandon(_ action: @escaping @Sendable () -> Void) {
        enum Consequence { case none, reportLeft, run }
        let consequence = state.withLock { state -> Consequence in
            switch state {
            case .waiting:
                state = .waiting(onAbandon: action)
                return .none
            case .clientLeft:
                state = .waiting(onAbandon: action)
                return .reportLeft
            case .answered:
                state = .answered(onAbandon: action)
                return .none
            case .abandoned: return .run
            case .ended: return .none
            }
        }
        switch consequence {
        case .none: break
        case .reportLeft: delivery.clientHasLeft(self)
        case .run: delivery.run(action)
        }
    }

    /// Keeps an object until the answer has been made, or the client has gone. It must not know this exchange.
    package func keep(_ object: any AnyObject & Sendable) {
        kept.withLock { $0 = object }
    }

    /// Lets the client go away, as far as the handler can tell.
    package func abandon() {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            switch state {
            case .waiting(let action):
                state = .abandoned
                return action
            case .clientLeft:
                state = .abandoned
                return nil
            case .answered, .ended, .abandoned: return nil
            }
        }
        action?()
    }

    /// Nothing more can come of this exchange. Tells the handler if the answer found nobody, as it would have been told
    /// if the client had gone away before.
    /// - Returns: whether the handler was told, because it had asked to be.
    @discardableResult
    func end(isDelivered: Bool) -> Bool {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            guard case .answered(let action) = state else { return nil }
            state = .ended
            return action
        }
        guard !isDelivered, let action else { return false }
        action()
        return true
    }

    /// The client has shut its sending side down.
    /// - Returns: whether the exchange was abandoned, because the handler had asked to be told.
    func clientLeft() -> Bool {
        let mustAbandon = state.withLock { state in
            switch state {
            case .waiting(onAbandon: nil):
                state = .clientLeft
                return false
            case .waiting: return true
            case .clientLeft, .answered, .ended, .abandoned: return false
            }
        }
        if mustAbandon { abandon() }
        return mustAbandon
    }
}

/// Brings answers to the thread that writes them.
protocol AnswerDelivery: Sendable {
    func deliver(_ make: @escaping @Sendable () -> HTTPResponse, for exchange: HTTPExchange)
    /// The exchange wants to be told that its client has left, which happened before it asked.
    func clientHasLeft(_ exchange: HTTPExchange)
    func run(_ action: @escaping @Sendable () -> Void)
}

private struct DirectDelivery: AnswerDelivery {
    let answer: @Sendable (HTTPResponse) -> Void

    func deliver(_ make: @escaping @Sendable () -> HTTPResponse, for exchange: HTTPExchange) {
        answer(make())
        exchange.end(isDelivered: true)
    }

    func clientHasLeft(_ exchange: HTTPExchange) {
        exchange.abandon()
    }

    func run(_ action: @escaping @Sendable () -> Void) {
        action()
    }
}
