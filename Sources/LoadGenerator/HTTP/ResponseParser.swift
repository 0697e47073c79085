/// Reads one HTTP/1.1 response out of the bytes that have come so far. A state machine without sockets; it reads what a
/// load test needs and steps over the rest.
struct ResponseParser {
    /// A whole response.
    struct Response: Equatable {
        let status: Int
        /// Where the body is in the bytes; a chunked one has been put together there.
        let body: Range<Int>
        /// The server closes the connection after it.
        let closes: Bool

        var isSuccess: Bool { (200..<300).contains(status) }
    }

    /// Why the bytes are no response.
    enum Malformed: String, Error {
        /// The connection ended within the response.
        case truncated
        case statusLine = "no status line"
        case length = "a Content-Length that is no number"
        case chunk = "a chunk without its size"
        case trailing = "more than one response to a request"
    }

    private enum Framing: Equatable {
        case length(Int)
        case chunked
        case untilClosed
    }

    private struct Head {
        var status = 0
        var framing = Framing.untilClosed
        var closes = false
        var end = 0
    }

    private var head: Head?
    /// Of a chunked body: how far it has been put together, and where the next chunk begins.
    private var decodedEnd = 0
    private var nextChunk = 0

    /// Looks at all bytes that have come since the last response, with more at the end from call to call.
    /// - Parameter isEnd: no more will come.
    /// - Returns: nil if more is needed.
    mutating func parse(_ bytes: UnsafeMutableRawBufferPointer, isEnd: Bool) throws(Malformed) -> Response? {
        if head == nil { head = try Self.readHead(UnsafeRawBufferPointer(bytes)) }
        guard let head else {
            if isEnd { throw .truncated }
            return nil
        }
        guard let (body, end) = try body(of: head, in: bytes, isEnd: isEnd) else {
            if isEnd { throw .truncated }
            return nil
        }
        guard end == bytes.count else { throw .trailing }
        self = ResponseParser()
        return Response(status: head.status, body: body, closes: head.closes || head.framing == .untilClosed)
    }

    private mutating func body(
        of head: Head, in bytes: UnsafeMutableRawBufferPointer, isEnd: Bool
    ) throws(Malformed) -> (body: Range<Int>, end: Int)? {
        switch head.framing {
        case .length(let length):
            let end = head.end + length
            return bytes.count < end ? nil : (head.end..<end, end)
        case .untilClosed:
            return isEnd ? (head.end..<bytes.count, bytes.count) : nil
        case .chunked:
            guard let end = try decodeChunks(after: head.end, bytes) else { return nil }
            return (head.end..<decodedEnd, end)
        }
    }

    /// Moves what the chunks hold together, and returns where the last one ends.
    private mutating func decodeChunks(
        after start: Int, _ bytes: UnsafeMutableRawBufferPointer
    ) throws(Malformed) -> Int? {
        if nextChunk == 0 { (decodedEnd, nextChunk) = (start, start) }
        let readable = UnsafeRawBufferPointer(bytes)
        while let line = readable.line(from: nextChunk) {
            guard let size = readable.hexNumber(in: line.content) else { throw .chunk }
            if size == 0 { return readable.endOfTrailers(from: line.end) }
            guard bytes.count >= line.end + size + 2 else { return nil }
            (bytes.baseAddress! + decodedEnd).copyMemory(from: bytes.baseAddress! + line.end, byteCount: size)
            decodedEnd += size
            nextChunk = line.end + size + 2
        }
        return nil
    }

    private static func readHead(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Head? {
        var start = 0
        while true {
            guard let line = bytes.line(from: start) else { return nil }
            guard line.content.count >= 12, bytes.holds("HTTP/1.", at: start),
                let status = bytes.decimalNumber(in: start + 9..<start + 12)
            else { throw .statusLine }
            var head = Head(status: status, closes: bytes[start + 7] == UInt8(ascii: "0"))
            guard try readFields(bytes, from: line.end, &head) else { return nil }
            // An interim response, such as 100 Continue, goes before the one that counts.
            guard status < 200 else { return head }
            start = head.end
        }
    }

    /// False if the end of the head has not come yet.
    private static func readFields(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ head: inout Head
    ) throws(Malformed) -> Bool {
        var start = start
        while let line = bytes.line(from: start) {
            if line.content.isEmpty {
                head.end = line.end
                if head.status == 204 || head.status == 304 { head.framing = .length(0) }
                return true
            }
            if let value = bytes.value(of: "content-length:", in: line.content) {
                guard let length = bytes.decimalNumber(in: value) else { throw .length }
                if head.framing != .chunked { head.framing = .length(length) }
            } else if let value = bytes.value(of: "transfer-encoding:", in: line.content) {
                if bytes.holdsIgnoringCase("chunked", in: value) { head.framing = .chunked }
            } else if let value = bytes.value(of: "connection:", in: line.content) {
                head.closes = bytes.holdsIgnoringCase("close", in: value)
            }
            start = line.end
        }
        return false
    }
}
