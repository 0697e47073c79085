import CLinux
import Glibc
import Platform
import Synchronization
import Testing

@testable import HTTPServer

/// Over real sockets on the loopback interface.
@Suite struct HTTPServerTests {
    /// Echoes at once, or parks the exchange of a path that starts with `/park` for the test to take.
    private final class Handler: HTTPHandler {
        let parked = Mailbox<HTTPExchange>(capacity: 1000)
        /// Whether requests have begun and not ended.
        private let isWithin = Atomic<Bool>(false)

        /// How many requests came together, at the most.
        let togetherMax = Atomic<Int>(0)
        private let together = Atomic<Int>(0)
        /// What `/answered` tells.
        let answered = Atomic<Int>(0)

        func requestsBegin() {
            isWithin.store(true, ordering: .relaxed)
            together.store(0, ordering: .relaxed)
        }
        var isWithinRequests: Bool { isWithin.load(ordering: .relaxed) }
        func requestsEnd() { isWithin.store(false, ordering: .relaxed) }

        func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
            let position = together.add(1, ordering: .relaxed).newValue
            togetherMax.max(position, ordering: .relaxed)
            if request.path.hasPrefix("/park") {
                _ = parked.post(exchange)
                return
            }
            if request.path == "/large" {
                exchange.respond { HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: 20_000_000)) }
                return
            }
            if request.path == "/answered" {
                let answered = answered.load(ordering: .relaxed)
                exchange.respond { HTTPResponse(status: 200, body: Array("\(answered)".utf8)) }
                return
            }
            if request.path == "/position" {
                exchange.respond { HTTPResponse(status: 200, body: Array("\(position)".utf8)) }
                return
            }
            if request.path == "/within" {
                let isWithin = isWithinRequests
                exchange.respond { HTTPResponse(status: 200, body: Array("\(isWithin)".utf8)) }
                return
            }
            let body = Array("\(request.method.rawValue) \(request.path) ".utf8) + request.body
            exchange.respond { HTTPResponse(status: 200, body: body) }
        }

        func takeOne() throws -> HTTPExchange {
            try #require(parked.takeAll(timeoutMilliseconds: 30_000).first)
        }
    }

    private let handler = Handler()

    /// Runs `body` with a server, which is stopped afterwards.
    private func withServer(
        _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(), host: String = "127.0.0.1",
        _ body: (HTTPServer) throws -> Void
    ) throws {
        let server = try HTTPServer(
            HTTPListener(host: host, port: 0), configuration: configuration, handler: handler,
            logger: Logger(minimumLevel: .error))
        try server.start()
        defer { server.shutDown(drainMilliseconds: 0) }
        try body(server)
    }

    /// What `body` brings about the loop finds all at once afterwards.
    private func whileLoopIsHeld(_ server: HTTPServer, _ body: () throws -> Void) throws {
        let client = try TestClient(port: server.port)
        try client.send(get("/park"))
        let release = Mailbox<Bool>(capacity: 1)
        try handler.takeOne().respond {
            _ = release.takeAll(timeoutMilliseconds: nil)
            return HTTPResponse(status: 200, body: [])
        }
        defer { _ = release.post(true) }
        try body()
    }

    private func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    @Test func `a connection serves one request after the other`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            for number in 1...100 {
                try client.send("POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
                #expect(try client.receive().body == "POST /\(number) hi")
            }
        }
    }

    @Test func `a handler learns which requests come together`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send(get("/within"))
            #expect(try client.receive().body == "true")
            // The end follows at once: a message to the loop is handled after it.
            try client.send(get("/park"))
            let ended = Mailbox<Bool>(capacity: 1)
            try handler.takeOne().respond { [handler] in
                _ = ended.post(!handler.isWithinRequests)
                return HTTPResponse(status: 200, body: [])
            }
            #expect(try client.receive().body == "")
            #expect(ended.takeAll(timeoutMilliseconds: nil) == [true])
        }
    }

    @Test func `requests of many clients are handed over in parts`() throws {
        try withServer { server in
            let clients = try (1...60).map { _ in try TestClient(port: server.port) }
            try whileLoopIsHeld(server) {
                for client in clients { try client.send(get("/")) }
            }
            for client in clients { #expect(try client.receive().body == "GET / ") }
            #expect(handler.togetherMax.load(ordering: .relaxed) < 60)
        }
    }

    @Test func `requests are read between many answers`() throws {
        try withServer { [handler] server in
            let clients = try (1...60).map { _ in try TestClient(port: server.port) }
            for client in clients { try client.send(get("/park")) }
            var exchanges: [HTTPExchange] = []
            while exchanges.count < clients.count { exchanges += handler.parked.takeAll(timeoutMilliseconds: nil) }
            // Used by the loop's thread alone until it has answered.
            nonisolated(unsafe) let late = try TestClient(port: server.port)
            let request = get("/answered")
            try whileLoopIsHeld(server) {
                for exchange in exchanges {
                    exchange.respond {
                        if handler.answered.add(1, ordering: .relaxed).oldValue == 0 { try? late.send(request) }
                        return HTTPResponse(status: 200, body: [])
                    }
                }
            }
            for client in clients { #expect(try client.receive().status == 200) }
            let answered = try #require(Int(try late.receive().body))
            #expect((1..<60).contains(answered))
        }
    }

    @Test func `pipelined requests are answered in order, whichever thread answers`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send((1...100).map { get($0.isMultiple(of: 10) ? "/park" : "/\($0)") }.joined())
            for number in 1...100 {
                if number.isMultiple(of: 10) {
                    try handler.takeOne().respond { HTTPResponse(status: 200, body: Array("parked".utf8)) }
                    #expect(try client.receive().body == "parked")
                } else {
                    #expect(try client.receive().body == "GET /\(number) ")
                }
            }
        }
    }

    @Test func `requests sent ahead wait for those of others`() throws {
        try withServer { server in
            let greedy = try TestClient(port: server.port)
            let other = try TestClient(port: server.port)
            try whileLoopIsHeld(server) {
                try greedy.send((1...500).map { get("/\($0)") }.joined())
                try other.send(get("/position"))
            }
            let position = try #require(Int(try other.receive().body))
            #expect(position <= 101)
            for number in 1...500 { #expect(try greedy.receive().body == "GET /\(number) ") }
        }
    }

    @Test func `thousands of pipelined requests are answered, and others in between`() throws {
        try withServer { server in
            let greedy = try TestClient(port: server.port)
            let other = try TestClient(port: server.port)
            for start in stride(from: 0, to: 5000, by: 500) {
                try greedy.send((start..<start + 500).map { get("/\($0)") }.joined())
                try other.send(get("/other"))
                #expect(try other.receive().body == "GET /other ")
                for number in start..<start + 500 { #expect(try greedy.receive().body == "GET /\(number) ") }
            }
        }
    }

    @Test func `a client that waits for 100 Continue gets it`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            #expect(try client.receive().status == 100)
            try client.send("hello")
            #expect(try client.receive().body == "POST / hello")
        }
    }

    @Test func `a chunked body may come in pieces`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in ["5\r\nhel", "lo\r\n", "1;x\r\n!\r\n0\r\n", "\r\n"] { try client.send(piece) }
            #expect(try client.receive().body == "POST / hello!")
        }
    }

    @Test func `a large body comes in and a large answer goes out`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            let body = String(repeating: "0123456789abcdef", count: 500_000)
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(try client.receive().body == "POST / \(body)")
            try client.send(get("/large") + get("/next"))
            #expect(try client.receive().body.utf8.count == 20_000_000)
            #expect(try client.receive().body == "GET /next ")
        }
    }

    @Test func `a refused client can read why, though it goes on sending`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
            for _ in 0..<10 { try client.send(String(repeating: "x", count: 10_000)) }
            #expect(try client.receive().status == 413)
            #expect(try client.receivesOnlyTheEnd())
        }
    }

    // MARK: Clients that go away

    @Test(arguments: ["close", "half-close", "reset"])
    func `a long poll is abandoned when its client goes away`(way: String) throws {
        try withServer { server in
            let abandoned = Mailbox<Int>(capacity: 2)
            let client = try TestClient(port: server.port)
            try client.send(get("/park"))
            let exchange = try handler.takeOne()
            exchange.onAbandon { _ = abandoned.post(1) }
            switch way {
            case "close": client.close()
            case "half-close": client.shutdownSending()
            default: try client.reset()
            }
            #expect(abandoned.takeAll(timeoutMilliseconds: 30_000) == [1])
            exchange.respond { HTTPResponse(status: 200) }
            if way == "half-close" { #expect(try client.receivesOnlyTheEnd()) }
        }
    }

    @Test func `an answer that is refused for want of memory is abandoned, and its connection goes on`() throws {
        var configuration = HTTPServerConfiguration()
        configuration.maximumBufferedBytes = 100_000
        try withServer(configuration) { server in
            let abandoned = Mailbox<Int>(capacity: 2)
            let client = try TestClient(port: server.port)
            for (count, status) in [(100_001, 503), (100_000, 200)] {
                try client.send(get("/park"))
                let exchange = try handler.takeOne()
                exchange.onAbandon { _ = abandoned.post(status) }
                exchange.respond { HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: count)) }
                #expect(try client.receive().status == status)
            }
            #expect(abandoned.takeAll(timeoutMilliseconds: 30_000) == [503])
        }
    }

    @Test func `a client that shuts its sending side before the long poll began is told apart too`() throws {
        try withServer { server in
            let abandoned = Mailbox<Int>(capacity: 2)
            let client = try TestClient(port: server.port)
            try client.send(get("/park"))
            client.shutdownSending()
            let exchange = try handler.takeOne()
            // Two turns of the loop, after which it has seen the end of the stream.
            let other = try TestClient(port: server.port)
            for _ in 1...2 {
                try other.send(get("/"))
                _ = try other.receive()
            }
            exchange.onAbandon { _ = abandoned.post(1) }
            #expect(abandoned.takeAll(timeoutMilliseconds: 30_000) == [1])
            #expect(try client.receivesOnlyTheEnd())
        }
    }

    @Test func `an ordinary request of a client that shuts its sending side is answered`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            try client.send(get("/1") + get("/park") + get("/3"))
            client.shutdownSending()
            try handler.takeOne().respond { HTTPResponse(status: 201) }
            #expect(try [client.receive(), client.receive(), client.receive()].map(\.status) == [200, 201, 200])
            #expect(try client.receivesOnlyTheEnd())
        }
    }

    @Test func `clients that reset their connections at any moment do no harm`() throws {
        try withServer { server in
            for round in 0..<200 {
                let client = try TestClient(port: server.port)
                try client.send(String(get(round.isMultiple(of: 3) ? "/large" : "/x").prefix(1 + round % 40)))
                try client.reset()
            }
            let client = try TestClient(port: server.port)
            try client.send(get("/"))
            #expect(try client.receive().status == 200)
        }
    }

    // MARK: Many connections

    @Test func `a thousand idle connections do not keep others from being served`() throws {
        try withServer { server in
            let idle = try (0..<1000).map { _ in try TestClient(port: server.port) }
            let client = try TestClient(port: server.port)
            try client.send(get("/"))
            #expect(try client.receive().status == 200)
            for client in idle { try client.send(get("/idle")) }
            for client in idle { #expect(try client.receive().body == "GET /idle ") }
        }
    }

    @Test func `a connection too many is told so, and the next one served when there is room`() throws {
        var configuration = HTTPServerConfiguration()
        configuration.maximumConnections = 2
        try withServer(configuration) { server in
            let clients = try (0..<2).map { _ in try TestClient(port: server.port) }
            for client in clients {
                try client.send(get("/"))
                _ = try client.receive()
            }
            let refused = try TestClient(port: server.port)
            #expect(try refused.receive().status == 503)
            #expect(try refused.receivesOnlyTheEnd())
            refused.close()
            clients[0].close()
            var status = 503
            while status == 503 {
                let client = try TestClient(port: server.port)
                try client.send(get("/"))
                status = try client.receive().status
            }
            #expect(status == 200)
        }
    }

    @Test func `the loop closes a connection whose time has run out`() throws {
        var impatientWhenIdle = HTTPServerConfiguration()
        impatientWhenIdle.idleTimeoutMilliseconds = 10
        try withServer(impatientWhenIdle) { server in
            let client = try TestClient(port: server.port)
            #expect(try client.receivesOnlyTheEnd())
        }
        var impatientWithHeads = HTTPServerConfiguration()
        impatientWithHeads.headTimeoutMilliseconds = 10
        try withServer(impatientWithHeads) { server in
            let client = try TestClient(port: server.port)
            try client.send("GET /")
            #expect(try client.receive().status == 408)
        }
    }

    // MARK: Listening and stopping

    @Test func `the server listens on whatever the host stands for`() throws {
        try withServer(host: "localhost") { server in
            let client = try TestClient(port: server.port)
            try client.send(get("/"))
            #expect(try client.receive().status == 200)
        }
    }

    @Test func `a port that is taken is an error that says so`() throws {
        try withServer { server in
            let error = #expect(throws: SystemError.self) {
                try HTTPListener(host: "127.0.0.1", port: server.port)
            }
            #expect(error == SystemError(code: EADDRINUSE, call: "bind"))
        }
    }

    @Test func `a host that does not exist is an error that says so`() {
        #expect(throws: ResolveError.self) {
            try HTTPListener(host: "host.invalid", port: 0)
        }
    }

    @Test func `after accepting has stopped those who are there are served`() throws {
        try withServer { server in
            let client = try TestClient(port: server.port)
            server.stopAccepting()
            // The answer to the second request comes after the turn that has seen the message.
            for _ in 1...2 {
                try client.send(get("/"))
                #expect(try client.receive().status == 200)
            }
            #expect(throws: SystemError(code: ECONNREFUSED, call: "connect")) {
                _ = try TestClient(port: server.port)
            }
        }
    }

    @Test func `a stop closes idle connections and waits for outstanding answers`() throws {
        try withServer { server in
            let idle = try TestClient(port: server.port)
            let waiting = try TestClient(port: server.port)
            try waiting.send(get("/park"))
            let exchange = try handler.takeOne()
            let stopping = try Thread.start(named: "stop") { server.shutDown(drainMilliseconds: 60_000) }
            #expect(try idle.receivesOnlyTheEnd())
            exchange.respond { HTTPResponse(status: 200, body: Array("at last".utf8)) }
            let response = try waiting.receive()
            #expect(response.body == "at last")
            #expect(response.headers["connection"] == "close")
            waiting.close()
            stopping.join()
        }
    }

    @Test func `a stop abandons what is unanswered at its limit`() throws {
        try withServer { server in
            let abandoned = Mailbox<Int>(capacity: 2)
            let client = try TestClient(port: server.port)
            try client.send(get("/park"))
            let exchange = try handler.takeOne()
            exchange.onAbandon { _ = abandoned.post(1) }
            server.shutDown(drainMilliseconds: 10)
            #expect(abandoned.takeAll(timeoutMilliseconds: 0) == [1])
            exchange.respond { HTTPResponse(status: 200) }
            #expect(try client.receivesOnlyTheEnd())
        }
    }

    @Test func `what came together with a stop is carried out, however much it is`() throws {
        let loop = try EventLoop(
            configuration: HTTPServerConfiguration(), listeners: [], port: 0, handler: handler,
            logger: Logger(minimumLevel: .error), clock: SystemClock())
        loop.mailbox.post(.shutDown(deadline: 0))
        let done = Mailbox<Int>(capacity: 100)
        for number in 1...100 { loop.mailbox.post(.run { _ = done.post(number) }) }
        loop.run()
        #expect(done.takeAll(timeoutMilliseconds: 0) == Array(1...100))
    }

    @Test func `a server can be stopped from many threads, and without having been started`() throws {
        try withServer { server in
            let threads = try (0..<10).map { _ in
                try Thread.start(named: "stop") { server.shutDown(drainMilliseconds: 0) }
            }
            for thread in threads { thread.join() }
        }
        let unstarted = try HTTPServer(
            HTTPListener(host: "127.0.0.1", port: 0), configuration: HTTPServerConfiguration(), handler: handler,
            logger: Logger())
        unstarted.shutDown(drainMilliseconds: 0)
    }
}
