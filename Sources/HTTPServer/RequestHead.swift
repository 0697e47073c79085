/// The head of a request, taken apart and checked.
struct RequestHead {
    enum Framing: Equatable {
        case length(Int)
        case chunked
    }

    var method: HTTPMethod
    var path: String
    var query: String
    var headers: HTTPHeaders
    var framing: Framing
    var keepsAlive: Bool
    var isHTTP10: Bool
    var expectsContinue: Bool
}

extension RequestHead {
    /// More fields than any real client sends; bounds the index beside the bound on the bytes.
    static let maximumFields = 256

    /// How far a search for the end of a head has come.
    enum End: Equatable {
        /// The head takes so many bytes.
        case found(Int)
        /// Search on from here when there are more bytes.
        case missing(resumeAt: Int)
    }

    /// Finds the empty line after the fields. Also stops at one that is ended by a bare line feed, so that the parser
    /// refuses such a head at once instead of waiting for more.
    static func findEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> End {
        var position = start
        while let lineFeed = bytes.firstIndex(of: Byte.lineFeed, from: position) {
            guard lineFeed + 1 < bytes.count else { return .missing(resumeAt: lineFeed) }
            if bytes[lineFeed + 1] == Byte.lineFeed { return .found(lineFeed + 2) }
            if bytes[lineFeed + 1] == Byte.carriageReturn {
                guard lineFeed + 2 < bytes.count else { return .missing(resumeAt: lineFeed) }
                if bytes[lineFeed + 2] == Byte.lineFeed { return .found(lineFeed + 3) }
            }
            position = lineFeed + 1
        }
        return .missing(resumeAt: bytes.count)
    }

    /// - Parameter bytes: a whole head from the request line to the empty line, both included.
    init(parsing bytes: UnsafeRawBufferPointer) throws(HTTPFailure) {
        var parser = RequestHeadParser(bytes)
        self = try parser.parse()
    }
}

/// Parses a head by RFC 9112 with no leniency where two recipients might disagree about where a request ends.
private struct RequestHeadParser {
    private let bytes: UnsafeRawBufferPointer
    private var fields: [HTTPHeaders.Field] = []
    private var hostField: Int?
    private var contentLength: Int?
    private var isChunked = false
    private var asksToClose = false
    private var asksToKeepAlive = false
    private var expectation: Range<Int>?

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        fields.reserveCapacity(12)
    }

    mutating func parse() throws(HTTPFailure) -> RequestHead {
        var position = 0
        let (methodRange, targetRange, isHTTP10) = try parseRequestLine(nextLine(&position))
        while true {
            let line = try nextLine(&position)
            if line.isEmpty { break }
            try parseField(line)
        }
        let method = try method(methodRange)
        let (authority, path, query) = try splitTarget(targetRange, method)
        try checkHost(authority: authority, isHTTP10: isHTTP10)
        if isChunked, contentLength != nil { throw .badRequest("both Content-Length and Transfer-Encoding") }
        if isChunked, isHTTP10 { throw .badRequest("Transfer-Encoding in HTTP/1.0") }
        return RequestHead(
            method: method,
            path: path.isEmpty ? "/" : bytes.text(path),
            query: query.isEmpty ? "" : bytes.text(query),
            headers: HTTPHeaders(bytes: Array(bytes), fields: fields),
            framing: isChunked ? .chunked : .length(contentLength ?? 0),
            keepsAlive: !asksToClose && (!isHTTP10 || asksToKeepAlive),
            isHTTP10: isHTTP10,
            expectsContinue: try expectsContinue(isHTTP10: isHTTP10))
    }

    /// The range of the next line without its end. A bare line feed ends no line here (RFC 9112, 2.2 allows us either).
    private func nextLine(_ position: inout Int) throws(HTTPFailure) -> Range<Int> {
        guard let lineFeed = bytes.firstIndex(of: Byte.lineFeed, from: position), lineFeed > position,
            bytes[lineFeed - 1] == Byte.carriageReturn
        else { throw .badRequest("a line does not end with CRLF") }
        defer { position = lineFeed + 1 }
        return position..<(lineFeed - 1)
    }

    // MARK: Request line

    private func parseRequestLine(
        _ line: Range<Int>
    ) throws(HTTPFailure) -> (method: Range<Int>, target: Range<Int>, isHTTP10: Bool) {
        var methodEnd = line.lowerBound
        while methodEnd < line.upperBound, Byte.isToken(bytes[methodEnd]) { methodEnd += 1 }
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound, bytes[methodEnd] == Byte.space
        else { throw .badRequest("malformed method") }
        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        while targetEnd < line.upperBound, Byte.isTarget(bytes[targetEnd]) { targetEnd += 1 }
        guard targetEnd > targetStart, targetEnd < line.upperBound, bytes[targetEnd] == Byte.space
        else { throw .badRequest("malformed request target") }
        let isHTTP10 = try parseVersion(targetEnd + 1..<line.upperBound)
        return (line.lowerBound..<methodEnd, targetStart..<targetEnd, isHTTP10)
    }

    /// A minor version above 1 is served as 1.1 (RFC 9110, 2.5).
    private func parseVersion(_ range: Range<Int>) throws(HTTPFailure) -> Bool {
        guard range.count == 8, bytes.holds("HTTP/", in: range.lowerBound..<range.lowerBound + 5),
            Byte.isDigit(bytes[range.lowerBound + 5]), bytes[range.lowerBound + 6] == UInt8(ascii: "."),
            Byte.isDigit(bytes[range.lowerBound + 7])
        else { throw .badRequest("malformed HTTP version") }
        guard bytes[range.lowerBound + 5] == UInt8(ascii: "1") else {
            throw HTTPFailure(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return bytes[range.lowerBound + 7] == UInt8(ascii: "0")
    }

    private func method(_ range: Range<Int>) throws(HTTPFailure) -> HTTPMethod {
        if bytes.holds("POST", in: range) { return .post }
        if bytes.holds("GET", in: range) { return .get }
        if bytes.holds("HEAD", in: range) { return .head }
        if bytes.holds("OPTIONS", in: range) { return .options }
        for known in ["PUT", "DELETE", "PATCH", "CONNECT", "TRACE"] as [StaticString]
        where bytes.holds(known, in: range) {
            throw HTTPFailure(405, "the method is not allowed")
        }
        throw HTTPFailure(501, "the method is unknown")
    }

    /// Origin, absolute and asterisk form (RFC 9112, 3.2).
    private func splitTarget(
        _ target: Range<Int>, _ method: HTTPMethod
    ) throws(HTTPFailure) -> (authority: Range<Int>?, path: Range<Int>, query: Range<Int>) {
        if bytes[target.lowerBound] == Byte.slash {
            let (path, query) = splitQuery(target)
            return (nil, path, query)
        }
        if method == .options, bytes.holds("*", in: target) { return (nil, target, 0..<0) }
        for scheme in ["http://", "https://"] as [StaticString] {
            let length = scheme.utf8CodeUnitCount
            guard target.count > length,
                bytes.holdsIgnoringCase(scheme, in: target.lowerBound..<target.lowerBound + length)
            else { continue }
            var end = target.lowerBound + length
            while end < target.upperBound, Byte.isHost(bytes[end]) { end += 1 }
            let authority = target.lowerBound + length..<end
            let (path, query) = splitQuery(end..<target.upperBound)
            let startsWell = path.isEmpty || bytes[path.lowerBound] == Byte.slash
            if authority.isEmpty || !startsWell { break }
            return (authority, path, query)
        }
        throw .badRequest("malformed request target")
    }

    private func splitQuery(_ range: Range<Int>) -> (path: Range<Int>, query: Range<Int>) {
        guard let mark = bytes.firstIndex(of: Byte.questionMark, from: range.lowerBound), mark < range.upperBound
        else { return (range, 0..<0) }
        return (range.lowerBound..<mark, mark + 1..<range.upperBound)
    }

    // MARK: Fields

    private mutating func parseField(_ line: Range<Int>) throws(HTTPFailure) {
        guard fields.count < RequestHead.maximumFields else { throw .headTooLarge }
        var colon = line.lowerBound
        while colon < line.upperBound, Byte.isToken(bytes[colon]) { colon += 1 }
        // Refuses a folded line and a space before the colon too (RFC 9112, 5.1 and 5.2).
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == Byte.colon
        else { throw .badRequest("malformed header field") }
        let name = line.lowerBound..<colon
        let value = bytes.trimmed(colon + 1..<line.upperBound)
        guard bytes.isFieldValue(value) else { throw .badRequest("a control character in a header field") }
        try interpret(name, value)
        fields.append(HTTPHeaders.Field(name: narrow(name), value: narrow(value)))
    }

    /// The fields that decide about the message itself.
    private mutating func interpret(_ name: Range<Int>, _ value: Range<Int>) throws(HTTPFailure) {
        switch name.count {
        case 4 where bytes.holdsIgnoringCase("host", in: name): try interpretHost(value)
        case 6 where bytes.holdsIgnoringCase("expect", in: name): expectation = value
        case 10 where bytes.holdsIgnoringCase("connection", in: name): interpretConnection(value)
        case 14 where bytes.holdsIgnoringCase("content-length", in: name): try interpretContentLength(value)
        case 17 where bytes.holdsIgnoringCase("transfer-encoding", in: name): try interpretTransferEncoding(value)
        default: break
        }
    }

    private mutating func interpretHost(_ value: Range<Int>) throws(HTTPFailure) {
        guard hostField == nil else { throw .badRequest("more than one Host") }
        guard bytes.bytes(in: value).allSatisfy(Byte.isHost) else { throw .badRequest("malformed Host") }
        hostField = fields.count
    }

    private mutating func interpretConnection(_ value: Range<Int>) {
        var start = value.lowerBound
        while start < value.upperBound {
            let end =
                bytes.firstIndex(of: Byte.comma, from: start).map { min($0, value.upperBound) } ?? value.upperBound
            let option = bytes.trimmed(start..<end)
            if bytes.holdsIgnoringCase("close", in: option) { asksToClose = true }
            if bytes.holdsIgnoringCase("keep-alive", in: option) { asksToKeepAlive = true }
            start = end + 1
        }
    }

    /// A length too large for an integer is kept as the largest one, which no limit lets through. The same length
    /// given twice is accepted (RFC 9112, 6.3), a list in one field is not.
    private mutating func interpretContentLength(_ value: Range<Int>) throws(HTTPFailure) {
        guard !value.isEmpty, bytes.bytes(in: value).allSatisfy(Byte.isDigit) else {
            throw .badRequest("malformed Content-Length")
        }
        var length = 0
        for byte in bytes.bytes(in: value) {
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(Int(byte) - 0x30)
            length = overflow || overflowAgain ? Int.max : sum
            if length == Int.max { break }
        }
        guard contentLength == nil || contentLength == length else { throw .badRequest("differing Content-Length") }
        contentLength = length
    }

    private mutating func interpretTransferEncoding(_ value: Range<Int>) throws(HTTPFailure) {
        guard !isChunked else { throw .badRequest("more than one Transfer-Encoding") }
        guard bytes.holdsIgnoringCase("chunked", in: value) else {
            throw HTTPFailure(501, "the only transfer encoding understood is chunked")
        }
        isChunked = true
    }

    // MARK: Rules over several fields

    /// Exactly one Host in HTTP/1.1 (RFC 9112, 3.2). The authority of an absolute target takes its place, by pointing
    /// the field there.
    private mutating func checkHost(authority: Range<Int>?, isHTTP10: Bool) throws(HTTPFailure) {
        guard hostField != nil || isHTTP10 else { throw .badRequest("no Host") }
        if let authority, let hostField {
            fields[hostField].value = narrow(authority)
        }
    }

    private func expectsContinue(isHTTP10: Bool) throws(HTTPFailure) -> Bool {
        guard let expectation, !isHTTP10 else { return false }
        guard bytes.holdsIgnoringCase("100-continue", in: expectation) else {
            throw HTTPFailure(417, "the only expectation understood is 100-continue")
        }
        return true
    }

    private func narrow(_ range: Range<Int>) -> Range<Int32> {
        Int32(truncatingIfNeeded: range.lowerBound)..<Int32(truncatingIfNeeded: range.upperBound)
    }
}
