import Testing

@testable import HTTPServer

@Suite struct ConnectionTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private func post(length: Int, path: String = "/") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
    }

    // MARK: Keep-alive and pipelining

    @Test func `the connection stays after an answer`() {
        let wire = Wire()
        wire.receive(get)
        wire.receive(get)
        #expect(wire.statuses == [200, 200])
        #expect(!wire.sentText.contains("Connection:"))
        #expect(wire.connection.owesNothing)
    }

    @Test(
        arguments: [
            ("HTTP/1.1\r\nHost: a\r\nConnection: close", true, "close"),
            ("HTTP/1.1\r\nHost: a\r\nConnection: x,CLOSE ,y", true, "close"),
            ("HTTP/1.1\r\nHost: a\r\nConnection: closed", false, nil),
            ("HTTP/1.0", true, "close"),
            ("HTTP/1.0\r\nConnection: keep-alive", false, "keep-alive"),
            ("HTTP/1.0\r\nConnection: keep-alive, close", true, "close"),
        ] as [(String, Bool, String?)])
    func `the client decides whether the connection stays`(version: String, closes: Bool, header: String?) {
        let wire = Wire()
        wire.receive("GET / \(version)\r\n\r\n")
        #expect(wire.hasShutDownSending == closes)
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["connection"] == header)
    }

    @Test func `what follows the last request of a connection is ignored`() {
        let wire = Wire()
        wire.receive("GET / HTTP/1.0\r\n\r\n" + get)
        wire.receive(get)
        #expect(wire.statuses == [200])
        wire.endInput()
        #expect(wire.isClosed)
    }

    @Test func `pipelined requests are handled one after the other and answered in order`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.receive((1...3).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        for number in 1...3 {
            #expect(wire.requests.map(\.path).last == "/\(number)")
            #expect(!wire.connection.wantsInput)
            wire.respond(HTTPResponse(status: 200, body: Array("\(number)".utf8)))
        }
        #expect(wire.bodies == ["1", "2", "3"])
        #expect(wire.connection.wantsInput)
    }

    @Test func `ten thousand pipelined requests are answered`() {
        let wire = Wire()
        wire.receive(String(repeating: get, count: 10_000))
        #expect(wire.requests.count == 10_000)
        #expect(wire.connection.bufferedBytes == 0)
    }

    @Test func `requests wait while the client does not read its answers`() {
        let wire = Wire()
        wire.answer = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: 50_000)) }
        wire.capacity = 60_000
        wire.receive(String(repeating: get, count: 10))
        #expect(wire.requests.count == 2)
        #expect(!wire.connection.wantsInput)
        wire.grow(capacity: 1_000_000)
        #expect(wire.requests.count == 10)
        #expect(wire.statuses.count == 10)
    }

    // MARK: Ends of input

    @Test func `a client that shuts its sending side still gets the answers to what it sent`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.receive(get + get + "GET /partial")
        wire.endInput()
        wire.respond(HTTPResponse(status: 200))
        wire.respond(HTTPResponse(status: 200))
        #expect(wire.statuses == [200, 200])
        #expect(wire.isClosed)
    }

    @Test func `an idle connection closes when its client does`() {
        let wire = Wire()
        wire.endInput()
        #expect(wire.isClosed)
        #expect(wire.sent.isEmpty)
    }

    @Test func `a request that ends in the middle of its body is not handled`() {
        let wire = Wire()
        wire.receive(post(length: 10) + "hello")
        wire.endInput()
        #expect(wire.isClosed)
        #expect(wire.requests.isEmpty)
    }

    // MARK: Answers

    @Test func `an answer carries length, date, server and request id`() {
        let wire = Wire { $0.serverName = "holdfast" }
        wire.answer = { _ in HTTPResponse(status: 404, headers: [("Content-Type", "a/b")], body: Array("none".utf8)) }
        wire.receive(get)
        #expect(
            wire.sentText == """
                HTTP/1.1 404 Not Found\r
                Server: holdfast\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                x-id: \(wire.requests[0].id)\r
                Content-Type: a/b\r
                Content-Length: 4\r
                \r
                none
                """)
    }

    @Test func `the answer to HEAD has the length of the body but not the body`() {
        let wire = Wire()
        wire.receive("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(wire.sentText.contains("Content-Length: 7\r\n"))
        #expect(wire.sentText.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [204, 304])
    func `an answer without content has neither body nor length`(status: Int) {
        let wire = Wire()
        wire.answer = { _ in HTTPResponse(status: status, body: Array("nothing".utf8)) }
        wire.receive(get)
        #expect(!wire.sentText.contains("Content-Length"))
        #expect(wire.sentText.hasSuffix("\r\n\r\n"))
    }

    @Test func `a header's value cannot break out of its line`() {
        let wire = Wire()
        wire.answer = { _ in HTTPResponse(status: 200, headers: [("X-Name", "a\r\nSet-Cookie: b\u{0}")]) }
        wire.receive(get)
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["x-name"] == "a  Set-Cookie: b ")
    }

    @Test func `a status without a known phrase is sent without one`() {
        let wire = Wire()
        wire.answer = { _ in HTTPResponse(status: 299) }
        wire.receive(get)
        #expect(wire.sentText.hasPrefix("HTTP/1.1 299 \r\n"))
    }

    @Test func `405 names the allowed methods`() {
        let wire = Wire()
        wire.receive("PUT / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["allow"] == "GET, HEAD, POST, OPTIONS")
    }

    // MARK: Expect

    @Test(arguments: ["Content-Length: 5", "Transfer-Encoding: chunked"])
    func `a client that waits is told to go on, once`(framing: String) {
        let wire = Wire()
        wire.receive("POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\nExpect: 100-Continue\r\n\r\n")
        #expect(wire.sentText == "HTTP/1.1 100 Continue\r\n\r\n")
        wire.receive(framing.hasPrefix("C") ? "hel" : "5\r\nhel")
        wire.receive(framing.hasPrefix("C") ? "lo" : "lo\r\n0\r\n\r\n")
        #expect(wire.statuses == [100, 200])
        #expect(wire.requests[0].body == Array("hello".utf8))
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    ])
    func `nobody is told to go on whose body is there or who does not understand`(bytes: String) {
        let wire = Wire()
        wire.receive(bytes)
        #expect(wire.statuses == [200])
    }

    @Test func `a body that is too large is refused before it is sent`() {
        let wire = Wire { $0.maximumBodyBytes = 10 }
        wire.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
        #expect(wire.statuses == [413])
    }

    // MARK: Limits

    @Test func `a head may be as large as the limit and no larger`() {
        let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".utf8.count
        for (size, statuses) in [(1000, [200]), (1001, [431])] {
            let wire = Wire { $0.maximumHeaderBytes = 1000 }
            wire.receive(
                "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: size - frame))\r\n\r\n")
            #expect(wire.statuses == statuses)
        }
    }

    @Test func `a head that never ends is refused`() {
        let wire = Wire { $0.maximumHeaderBytes = 1000 }
        wire.receive("GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in 0..<100 { wire.receive("X-Another: header\r\n") }
        #expect(wire.statuses == [431])
    }

    @Test func `a target that is too long is refused`() {
        let whole = Wire { $0.maximumHeaderBytes = 1000 }
        whole.receive("GET /\(String(repeating: "x", count: 1000)) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(whole.statuses == [414])
        let split = Wire { $0.maximumHeaderBytes = 1000 }
        for _ in 0..<20 { split.receive("GET/" + String(repeating: "x", count: 96)) }
        #expect(split.statuses == [414])
    }

    @Test func `too many fields are refused`() {
        func request(fields: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: fields - 1))\r\n"
        }
        let wire = Wire()
        wire.receive(request(fields: 256))
        wire.receive(request(fields: 257))
        #expect(wire.statuses == [200, 431])
    }

    @Test func `a body may be as large as the limit and no larger`() {
        for framing in [
            "Content-Length: 10\r\n\r\n0123456789", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
        ] {
            for (limit, statuses) in [(10, [200]), (9, [413])] {
                let wire = Wire { $0.maximumBodyBytes = limit }
                wire.receive("POST / HTTP/1.1\r\nHost: a\r\n\(framing)")
                #expect(wire.statuses == statuses)
            }
        }
    }

    @Test func `an unfinished request that finds no memory left is refused`() {
        let body = Wire()
        body.limitBufferedBytes(to: 100)
        body.receive(post(length: 1000) + String(repeating: "x", count: 101))
        #expect(body.statuses == [503])
        #expect(body.connection.bufferedBytes == 0)
        let head = Wire()
        head.limitBufferedBytes(to: 10)
        head.receive("GET / HTTP/1.1")
        #expect(head.statuses == [503])
    }

    @Test func `a request that is there is answered even if no memory is left for what follows`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.limitBufferedBytes(to: 10)
        wire.receive(get + get)
        wire.respond(HTTPResponse(status: 200))
        #expect(wire.statuses == [200])
        #expect(wire.requests.count == 1)
        #expect(wire.hasShutDownSending)
    }

    @Test func `a large body counts until its request is answered`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.receive(post(length: 100_000) + String(repeating: "x", count: 100_000))
        #expect(wire.connection.bufferedBytes == 100_000)
        wire.respond(HTTPResponse(status: 200))
        #expect(wire.connection.bufferedBytes == 0)
    }

    @Test func `a large answer that finds no memory left is refused, and a small one given`() {
        let wire = Wire()
        wire.limitBufferedBytes(to: 100_000)
        for (count, status) in [(100_001, 503), (100_000, 200)] {
            wire.answer = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 0, count: count)) }
            wire.receive(get)
            #expect(wire.statuses.last == status)
        }
        wire.limitBufferedBytes(to: 0)
        wire.answer = { _ in HTTPResponse(status: 200) }
        wire.receive(get)
        #expect(wire.statuses == [503, 200, 200])
    }

    @Test func `a large body arrives whole`() {
        let wire = Wire()
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        wire.receive(post(length: body.count))
        for start in stride(from: 0, to: body.count, by: 7777) {
            wire.receive(Array(body[start..<min(start + 7777, body.count)]))
        }
        #expect(wire.requests.first?.body == body)
        #expect(wire.connection.bufferedBytes == 0)
    }

    // MARK: Time

    @Test func `an idle connection is closed without a word`() {
        let wire = Wire { $0.idleTimeoutMilliseconds = 1000 }
        wire.advance(milliseconds: 999)
        wire.receive(get)
        wire.advance(milliseconds: 999)
        #expect(!wire.isClosed)
        wire.advance(milliseconds: 1)
        #expect(wire.isClosed)
        #expect(wire.statuses == [200])
    }

    @Test func `a head must be complete in time, however steadily it trickles`() {
        let wire = Wire { $0.headTimeoutMilliseconds = 1000 }
        wire.receive("GET /")
        for _ in 0..<9 {
            wire.advance(milliseconds: 100)
            wire.receive("x")
        }
        #expect(wire.statuses == [])
        wire.advance(milliseconds: 100)
        #expect(wire.statuses == [408])
    }

    @Test func `every head has its own time`() {
        let wire = Wire { $0.headTimeoutMilliseconds = 1000 }
        for _ in 0..<10 {
            wire.receive("GET / ")
            wire.advance(milliseconds: 900)
            wire.receive("HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        for _ in 0..<10 {
            wire.receive("GET / HTTP/1.1\r\nHo")
            wire.advance(milliseconds: 900)
            wire.receive("st: a\r\n\r\nGET / HTTP/1.1\r\n")
            wire.advance(milliseconds: 900)
            wire.receive("Host: a\r\n\r\n")
        }
        #expect(wire.statuses == [Int](repeating: 200, count: 30))
    }

    @Test func `a body must make progress`() {
        let wire = Wire { $0.bodyTimeoutMilliseconds = 1000 }
        wire.receive(post(length: 100))
        for _ in 0..<20 {
            wire.advance(milliseconds: 999)
            wire.receive("x")
        }
        #expect(wire.statuses == [])
        wire.advance(milliseconds: 1000)
        #expect(wire.statuses == [408])
    }

    @Test func `a client must read its answer`() {
        let wire = Wire { $0.writeTimeoutMilliseconds = 1000 }
        wire.capacity = 10
        wire.receive(get)
        for _ in 0..<5 {
            wire.advance(milliseconds: 999)
            wire.grow(capacity: 1)
        }
        #expect(!wire.isClosed)
        wire.advance(milliseconds: 1000)
        #expect(wire.isClosed)
    }

    @Test func `a request may be handled as long as it takes`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.receive(get)
        wire.advance(milliseconds: 1_000_000_000)
        wire.respond(HTTPResponse(status: 200))
        #expect(wire.statuses == [200])
    }

    @Test func `a closed connection waits only so long for its client to close too`() {
        let wire = Wire { $0.lingerTimeoutMilliseconds = 1000 }
        wire.receive("nonsense\r\n\r\n")
        for _ in 0..<9 {
            wire.advance(milliseconds: 100)
            wire.receive("more and more")
        }
        #expect(wire.statuses == [400])
        #expect(!wire.isClosed)
        wire.advance(milliseconds: 100)
        #expect(wire.isClosed)
    }

    // MARK: Stopping

    @Test func `while the server stops every answer is the connection's last`() {
        let wire = Wire()
        wire.answer = { _ in nil }
        wire.receive(get + get)
        wire.drain()
        wire.respond(HTTPResponse(status: 200))
        #expect(wire.statuses == [200])
        #expect(wire.hasShutDownSending)
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["connection"] == "close")
    }

    @Test func `a connection whose answer is written late ends with it while the server stops`() {
        let wire = Wire()
        wire.capacity = 10
        wire.receive(get)
        wire.drain()
        #expect(!wire.connection.owesNothing)
        wire.grow(capacity: 100_000)
        #expect(wire.statuses == [200])
        #expect(wire.isClosed)
    }

    // MARK: Anything at all

    @Test func `no bytes whatever can crash the connection`() {
        var random = SeededGenerator(seed: 42)
        let pieces = [
            "GET ", "POST ", "/", "?", "*", " HTTP/1.1", " HTTP/1.0", "\r\n", "\r\n\r\n", "\n", "\r", "Host: a",
            "Content-Length: ", "5", "99999999999999999999", "Transfer-Encoding: chunked", "0", "ffffffffffffffff",
            "Expect: 100-continue", "Connection: close", "hello", ":", " ", ",", "http://", "\u{0}", "\u{E9}", ";",
        ]
        for _ in 0..<3000 {
            let wire = Wire {
                $0.maximumHeaderBytes = 200
                $0.maximumBodyBytes = 50
            }
            var bytes: [UInt8] = Bool.random(using: &random) ? Array("POST / HTTP/1.1\r\nHost: a\r\n".utf8) : []
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes += pieces.randomElement(using: &random)!.utf8
            }
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...30, using: &random))
                wire.receive(Array(bytes[start..<end]))
                start = end
            }
            wire.advance(milliseconds: 60_000)
            wire.advance(milliseconds: 400_000)
            #expect(wire.isClosed)
        }
    }
}

/// SplitMix64, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
