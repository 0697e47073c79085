import Testing

@testable import HTTPServer

@Suite struct RequestParsingTests {
    /// What a valid stream of bytes says.
    struct Sample: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: String
        var requests: [String]

        var testDescription: String { name }
    }

    static let samples: [Sample] = [
        Sample(
            name: "the smallest request", bytes: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests: ["GET / ? a -"]),
        Sample(
            name: "a body with a length",
            bytes: "POST /q?Action=Send&x=%20 HTTP/1.1\r\nhost:a\r\ncontent-length:5\r\n\r\nhello",
            requests: ["POST /q ?Action=Send&x=%20 a hello"]),
        Sample(
            name: "an empty line before the request",
            bytes: "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            requests: ["POST / ? a -", "GET /b ? a -"]),
        Sample(
            name: "several empty lines before the request", bytes: "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n",
            requests: ["GET / ? a -"]),
        Sample(
            name: "a chunked body with extensions and trailers",
            bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "5;name=\"va lue\"\r\nhello\r\n006\r\n world\r\n1 \r\n!\r\n0;x\r\nTrailer: value\r\nOther:\r\n\r\n",
            requests: ["POST / ? a hello world!"]),
        Sample(
            name: "an empty chunked body and then another request",
            bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                + "GET /next HTTP/1.1\r\nHost: b\r\n\r\n",
            requests: ["POST / ? a -", "GET /next ? b -"]),
        Sample(
            name: "an absolute target, whose authority takes the place of Host",
            bytes: "GET HTTP://real:9324/path?q HTTP/1.1\r\nHost: other\r\n\r\n"
                + "GET http://real HTTP/1.1\r\nHost: other\r\n\r\n"
                + "GET http://real?q=http://x/ HTTP/1.1\r\nHost: other\r\n\r\n",
            requests: ["GET /path ?q real:9324 -", "GET / ? real -", "GET / ?q=http://x/ real -"]),
        Sample(
            name: "HTTP/1.0 without Host, kept alive",
            bytes: "GET /old HTTP/1.0\r\nConnection: foo, Keep-Alive\r\n\r\nHEAD /old HTTP/1.0\r\n\r\n",
            requests: ["GET /old ? nil -", "HEAD /old ? nil -"]),
        Sample(
            name: "a later minor version", bytes: "GET / HTTP/1.7\r\nHost: [::1]:80\r\n\r\n",
            requests: ["GET / ? [::1]:80 -"]),
        Sample(
            name: "the asterisk", bytes: "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", requests: ["OPTIONS * ?  -"]),
        Sample(
            name: "the same Content-Length twice",
            bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 02\r\n\r\nhi",
            requests: ["POST / ? a hi"]),
        Sample(
            name: "tabs, empty values and bytes beyond ASCII in fields",
            bytes: "GET / HTTP/1.1\r\nHost:\t a \t\r\nX-Empty:\r\nX-Text: caf\u{E9}\tand a longer text to see\r\n\r\n",
            requests: ["GET / ? a -"]),
        Sample(
            name: "two requests with bodies in a row",
            bytes: "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nonePOST /2 HTTP/1.1\r\nHost: a\r\n"
                + "Content-Length: 3\r\n\r\ntwo",
            requests: ["POST /1 ? a one", "POST /2 ? a two"]),
    ]

    private func describe(_ request: HTTPRequest) -> String {
        let body = request.body.isEmpty ? "-" : String(decoding: request.body, as: UTF8.self)
        return
            "\(request.method.rawValue) \(request.path) ?\(request.query) \(request.headers["HOST"] ?? "nil") \(body)"
    }

    @Test(arguments: samples)
    func `a request is understood when it comes in one piece`(sample: Sample) {
        let wire = Wire()
        wire.receive(sample.bytes)
        #expect(wire.requests.map(describe) == sample.requests)
        #expect(wire.statuses.allSatisfy { $0 == 200 })
    }

    @Test(arguments: samples)
    func `a request is understood when it comes byte by byte`(sample: Sample) {
        let wire = Wire()
        for byte in sample.bytes.utf8 { wire.receive([byte]) }
        #expect(wire.requests.map(describe) == sample.requests)
    }

    @Test(arguments: samples)
    func `a request is understood wherever it is split in two`(sample: Sample) {
        let bytes = Array(sample.bytes.utf8)
        for split in 1..<bytes.count {
            let wire = Wire()
            wire.receive(Array(bytes[..<split]))
            wire.receive(Array(bytes[split...]))
            #expect(wire.requests.map(describe) == sample.requests, "split at \(split)")
        }
    }

    @Test func `a request carries its id, where it came from and its fields`() throws {
        let wire = Wire()
        wire.receive("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-two: 2\r\nX-ONE: 3\r\n\r\n")
        let request = try #require(wire.requests.first)
        #expect(request.localPort == 9324)
        #expect(request.remoteAddress == "192.0.2.1")
        #expect(request.headers["x-one"] == "1")
        #expect(request.headers.values(of: "x-One") == ["1", "3"])
        #expect(request.headers["x-three"] == nil)
        #expect(request.headers.all.map(\.name) == ["Host", "X-One", "x-two", "X-ONE"])
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["x-id"] == request.id)
    }

    /// Bytes that are no valid request, and the status that says so.
    static let malformed: [(String, Int)] = [
        // Request line
        ("\u{16}\u{3}\u{1}", 400),
        (" GET / HTTP/1.1\r\n", 400),
        ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\n", 505),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("GET path HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /caf\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        // Line ends
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
        // Fields
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tfolded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a NUL \u{0} in a long value\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\u{7F}\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{1B}[31m\r\n\r\n", 400),
        // Host
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        // Framing
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhello", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999999999999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417),
    ]

    @Test(arguments: malformed)
    func `a malformed request is refused with the right status and closes the connection`(bytes: String, status: Int) {
        let wire = Wire()
        wire.receive(bytes)
        #expect(wire.statuses == [status])
        #expect(wire.requests.isEmpty)
        #expect(wire.hasShutDownSending)
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["connection"] == "close")
        #expect(ReceivedResponse.all(in: wire.sent)[0].headers["x-id"]?.count == 36)
    }

    @Test(arguments: malformed)
    func `a malformed request is refused however it is split`(bytes: String, status: Int) {
        let wire = Wire()
        for byte in bytes.utf8 { wire.receive([byte]) }
        #expect(wire.statuses == [status])
        #expect(wire.requests.isEmpty)
    }

    static let malformedChunks: [(String, Int)] = [
        ("\r\n", 400), ("g\r\n", 400), ("-1\r\n", 400), ("0x5\r\nhello\r\n", 400), ("5\nhello\r\n", 400),
        ("5\rXhello\r\n", 400), ("5\r\nhelloX\r\n", 400), ("5\r\nhello\n", 400), ("5;a\nhello", 400),
        ("5;a\u{0}\r\nhello", 400), (";a\r\n", 400), ("+5\r\nhello\r\n", 400),
        ("ffffffffffffffff\r\n", 413), ("fffffffffffffffffffffffffffffff\r\n", 413), ("7fffffffffffffff\r\n", 413),
        ("8000000000000000\r\n", 413), ("1000001\r\n", 413),
        ("5\r\nhello\r\n1000000\r\n", 413),
        ("0\r\n folded: x\r\n\r\n", 400), ("0\r\nX: \u{0}\r\n\r\n", 400), ("0\r\n\n", 400), ("0\r\nX: y\n\r\n", 400),
        ("0\r\n\rX", 400),
        (String(repeating: "0", count: 2000), 400), ("5;" + String(repeating: "x", count: 2000), 400),
        ("0\r\n" + String(repeating: "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", count: 3000), 431),
    ]

    @Test(arguments: malformedChunks)
    func `a malformed chunk is refused`(chunks: String, status: Int) {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let whole = Wire()
        whole.receive(head + chunks)
        #expect(whole.statuses == [status])
        #expect(whole.requests.isEmpty)
        let split = Wire()
        split.receive(head)
        for byte in chunks.utf8 { split.receive([byte]) }
        #expect(split.statuses == [status])
    }
}
