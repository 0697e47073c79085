import Platform
import Synchronization
import Testing

@testable import HTTPServer

@Suite struct HTTPExchangeTests {
    private final class Log: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    private let log = Log()

    private func makeExchange() -> HTTPExchange {
        HTTPExchange { [log] in log.add("answered \($0.status)") }
    }

    @Test func `a handler can be called without a server`() {
        makeExchange().respond { HTTPResponse(status: 200) }
        #expect(log.all == ["answered 200"])
    }

    @Test func `an exchange is abandoned once and its late answer ignored`() {
        let exchange = makeExchange()
        exchange.onAbandon { [log] in log.add("abandoned") }
        exchange.abandon()
        exchange.abandon()
        exchange.respond { HTTPResponse(status: 200) }
        #expect(log.all == ["abandoned"])
    }

    @Test func `who asks too late is told at once`() {
        let exchange = makeExchange()
        exchange.abandon()
        exchange.onAbandon { [log] in log.add("abandoned") }
        #expect(log.all == ["abandoned"])
    }

    @Test func `an answered exchange is not abandoned`() {
        let exchange = makeExchange()
        exchange.onAbandon { [log] in log.add("abandoned") }
        exchange.respond { HTTPResponse(status: 200) }
        exchange.abandon()
        #expect(log.all == ["answered 200"])
    }

    @Test func `an answer that finds nobody is as good as none`() {
        let exchange = HTTPExchange(connection: ConnectionID(descriptor: 1, generation: 1), delivery: LateDelivery())
        exchange.respond { HTTPResponse(status: 200) }
        // The handler may ask only after another thread has answered.
        exchange.onAbandon { [log] in log.add("abandoned") }
        let isTold = exchange.end(isDelivered: false)
        #expect(isTold)
        let isToldAgain = exchange.end(isDelivered: false)
        #expect(!isToldAgain)
        #expect(log.all == ["abandoned"])
    }

    @Test func `an answer that was delivered ends the exchange`() {
        let exchange = HTTPExchange(connection: ConnectionID(descriptor: 1, generation: 1), delivery: LateDelivery())
        exchange.onAbandon { [log] in log.add("abandoned") }
        exchange.respond { HTTPResponse(status: 200) }
        let isTold = exchange.end(isDelivered: true)
        #expect(!isTold)
        exchange.abandon()
        exchange.onAbandon { [log] in log.add("abandoned") }
        #expect(log.all.isEmpty)
    }

    /// Leaves answers lying.
    private struct LateDelivery: AnswerDelivery {
        func deliver(_ make: @escaping @Sendable () -> HTTPResponse, for exchange: HTTPExchange) {}
        func clientHasLeft(_ exchange: HTTPExchange) {}
        func run(_ action: @escaping @Sendable () -> Void) { action() }
    }

    @Test func `a client that shuts its sending side counts as gone only for those who asked`() {
        let patient = makeExchange()
        #expect(!patient.clientLeft())
        patient.respond { HTTPResponse(status: 200) }
        let asking = makeExchange()
        asking.onAbandon { [log] in log.add("abandoned") }
        #expect(asking.clientLeft())
        let askingLate = makeExchange()
        #expect(!askingLate.clientLeft())
        askingLate.onAbandon { [log] in log.add("abandoned late") }
        #expect(log.all == ["answered 200", "abandoned", "abandoned late"])
    }

    @Test func `a second answer is a programming error`() async {
        await #expect(processExitsWith: .failure) {
            let exchange = HTTPExchange { _ in }
            exchange.respond { HTTPResponse(status: 200) }
            exchange.respond { HTTPResponse(status: 200) }
        }
    }

    @Test func `request ids look like random UUIDs and differ`() {
        var generator = RequestIDGenerator()
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            let id = generator.next()
            let parts = id.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4")
            #expect("89ab".contains(parts[3].first!))
            seen.insert(id)
        }
        #expect(seen.count == 10_000)
    }
}
