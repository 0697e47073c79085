import Testing

@testable import LoadGenerator

@Suite struct ResponseParserTests {
    private struct Read: Equatable {
        var status: Int
        var body: String
        var closes = false
    }

    /// Hands the text to the parser as a connection would, in pieces of this size.
    private func read(_ text: String, pieces: Int = .max, isEnd: Bool = false) throws -> Read? {
        var parser = ResponseParser()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: text.utf8)
        var count = 0
        while count < memory.count {
            count = min(memory.count, count + min(pieces, memory.count))
            let received = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
            let response = try parser.parse(received, isEnd: isEnd && count == memory.count)
            guard let response else { continue }
            #expect(count == memory.count, "the response was complete before its last byte")
            let body = String(decoding: memory[response.body], as: UTF8.self)
            return Read(status: response.status, body: body, closes: response.closes)
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `a response is read in whatever pieces it comes`(pieces: Int) throws {
        let plain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 5  \r\n\r\nhello"
        #expect(try read(plain, pieces: pieces) == Read(status: 200, body: "hello"))
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nhel\r\n1;name=value\r\nl\r\n0a\r\no, world!!\r\n0\r\nTrailer: x\r\n\r\n"
        #expect(try read(chunked, pieces: pieces) == Read(status: 200, body: "hello, world!!"))
    }

    @Test func `lines may end without a carriage return, and a reason may be missing`() throws {
        #expect(try read("HTTP/1.1 404\nContent-Length: 2\n\nno") == Read(status: 404, body: "no"))
    }

    @Test func `an interim response goes before the one that counts`() throws {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        #expect(try read(text, pieces: 5) == Read(status: 200, body: "ok"))
    }

    @Test func `a body without a length ends with the connection`() throws {
        let text = "HTTP/1.0 200 OK\r\n\r\nall of it"
        #expect(try read(text) == nil)
        #expect(try read(text, pieces: 4, isEnd: true) == Read(status: 200, body: "all of it", closes: true))
    }

    @Test func `no content needs no length`() throws {
        #expect(try read("HTTP/1.1 204 No Content\r\n\r\n") == Read(status: 204, body: ""))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n", true), ("HTTP/1.1 200 OK\r\nCONNECTION: Close\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", false), ("HTTP/1.1 200 OK\r\n", false),
        ("HTTP/1.0 200 OK\r\n", true), ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", false),
    ])
    func `the server tells whether it closes the connection`(head: String, closes: Bool) throws {
        #expect(try read(head + "Content-Length: 0\r\n\r\n")?.closes == closes)
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2\r\n", ResponseParser.Malformed.statusLine),
        ("HTTP/1.1 abc OK\r\n\r\n", .statusLine), ("\r\n\r\n", .statusLine),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .length),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", .length),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .chunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", .chunk),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", .trailing),
    ])
    func `what is no response is refused`(text: String, reason: ResponseParser.Malformed) {
        #expect(throws: reason) { try read(text) }
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"])
    func `an end within a response is told`(text: String) {
        #expect(throws: ResponseParser.Malformed.truncated) { try read(text, isEnd: true) }
    }
}
