import Synchronization

/// Answers requests.
package protocol HTTPHandler: Sendable {
    /// Called on the event loop for every request, so it must not block. The answer may come at any later time, from
    /// any thread.
    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange)
}

/// One request that awaits its answer.
package final class HTTPExchange: Sendable {
    private enum State {
        case waiting(onAbandon: (@Sendable () -> Void)?)
        /// The client has shut its sending side down. That is how most of them leave, but some still read.
        case clientLeft
        case answered
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
            case .waiting, .clientLeft:
                state = .answered
                return true
            case .abandoned: return false
            case .answered: preconditionFailure("a request was answered twice")
            }
        }
        if isWanted { delivery.deliver(make, for: self) }
    }

    /// Asks to be told if the client goes away before the answer, which is then not wanted any more. A client that
    /// shuts only its sending side down counts as gone once this has been called, and is answered otherwise.
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
            case .abandoned: return .run
            case .answered: return .none
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
            case .answered, .abandoned: return nil
            }
        }
        action?()
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
            case .clientLeft, .answered, .abandoned: return false
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
    }

    func clientHasLeft(_ exchange: HTTPExchange) {
        exchange.abandon()
    }

    func run(_ action: @escaping @Sendable () -> Void) {
        action()
    }
}
