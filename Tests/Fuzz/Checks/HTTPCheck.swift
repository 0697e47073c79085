@testable import HTTPServer

/// However the bytes are split into reads, the parser hands over the same requests and writes the same answers. They
/// are the requests that ``ReferenceHTTP`` finds. Nothing is kept beyond the limits, and a request that is spelled
/// anew reads the same.
@Sendable func checkHTTP(_ input: [UInt8]) throws {
    let whole = try HTTPTranscript(of: input, readsOf: [max(input.count, 1)])
    let reference = ReferenceHTTP.read(input, headBytesMax: HTTPTranscript.headBytesMax)
    try expect(
        whole.requests == reference.requests, "requests \(whole.requests), by the reference \(reference.requests)")
    switch reference.end {
    case .complete: try expect(!whole.isRefused, "refused, though the reference takes it all")
    case .refused: try expect(whole.isRefused, "not refused, though the reference does")
    case .incomplete: break
    }
    var sizes = ReadSizes(input)
    let splits = [[1], [sizes.next(), sizes.next(), 1]]
    for (reads, answersLate) in zip(splits, [false, true]) {
        let other = try HTTPTranscript(of: input, readsOf: reads, answersLate: answersLate)
        try expect(other == whole, "in reads of \(reads) bytes \(other), in one \(whole)")
    }
    for request in whole.requests {
        let anew = try HTTPTranscript(of: request.spelledAnew, readsOf: [7], headBytesMax: 65_536)
        try expect(
            anew.requests.map(\.withoutFraming) == [request.withoutFraming], "\(request) spelled anew: \(anew)")
    }
}

/// Sizes of reads that follow from the input, so that a replay splits as the first run did.
private struct ReadSizes {
    private var state: UInt64

    init(_ input: [UInt8]) {
        state = input.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    mutating func next() -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return 1 + Int(state >> 33) % 40
    }
}

/// A request as the parser or the reference reads it.
struct ReadRequest: Equatable, CustomStringConvertible {
    var method: String
    var path: String
    var query: String
    /// Each as `name:value`.
    var fields: [String]
    var body: [UInt8]

    var description: String { "\(method) \(path)?\(query) \(fields) \(body.count) bytes «\(body.text)»" }

    /// The request without the fields that say where its body and its connection end.
    var withoutFraming: ReadRequest {
        var request = self
        request.fields.removeAll { field in
            let name = field.prefix { $0 != ":" }.lowercased()
            return name == "content-length" || name == "transfer-encoding" || name == "connection"
        }
        return request
    }

    /// Another spelling: in origin form, with the length of the body, and in HTTP/1.0, which needs no Host.
    var spelledAnew: [UInt8] {
        var head = "\(method) \(path)\(query.isEmpty ? "" : "?")\(query) HTTP/1.0\r\n"
        for field in withoutFraming.fields { head += "\(field)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + body
    }
}

/// What came of the bytes of one connection.
struct HTTPTranscript: Equatable, CustomStringConvertible {
    /// Room for one field more than may be.
    static let headBytesMax = 1100
    static let bodyBytesMax = 300

    let requests: [ReadRequest]
    /// All that was sent, but for the interim answers: these depend on when a body comes.
    private let sent: String

    /// - Parameters:
    ///   - sizes: how many bytes the reads get, over and over.
    ///   - answersLate: more bytes come in before a request is answered.
    init(
        of input: [UInt8], readsOf sizes: [Int], answersLate: Bool = false, headBytesMax: Int = headBytesMax
    ) throws {
        var connection = FedConnection(headBytesMax: headBytesMax, answersLate: answersLate)
        var rest = input[...]
        var turn = 0
        while !rest.isEmpty {
            try connection.feed(rest.prefix(sizes[turn % sizes.count]))
            rest = rest.dropFirst(sizes[turn % sizes.count])
            turn += 1
        }
        try connection.end()
        requests = connection.requests
        sent = connection.sent.text.replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "")
    }

    /// The server answered by itself.
    var isRefused: Bool { !sent.split(separator: "HTTP/1.1 ").allSatisfy { $0.hasPrefix("200 ") } }

    var description: String { "\(requests) answered with \(sent)" }
}

/// A connection that is fed by hand, and whose requests get an empty answer.
private struct FedConnection: ~Copyable {
    private(set) var requests: [ReadRequest] = []
    private(set) var sent: [UInt8] = []
    private var connection: HTTPConnection
    private var surroundings: ConnectionSurroundings
    private let answersLate: Bool
    private var isClosed = false

    init(headBytesMax: Int, answersLate: Bool) {
        var configuration = HTTPServerConfiguration(requestIDHeader: "x-id")
        configuration.maximumHeaderBytes = headBytesMax
        configuration.maximumBodyBytes = HTTPTranscript.bodyBytesMax
        surroundings = ConnectionSurroundings(
            configuration: configuration, ids: RequestIDGenerator(seed: (1, 2, 3, 4)))
        connection = HTTPConnection(remoteAddress: "192.0.2.1", localPort: 9324, surroundings)
        self.answersLate = answersLate
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) throws {
        // Memory of exactly this size, so that the address sanitizer sees every access beyond it.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        let owed = connection.awaitsAnswer
        let before = connection.bufferedBytes
        perform(connection.receive(UnsafeRawBufferPointer(memory), &surroundings))
        if owed { answer() }
        let most = surroundings.configuration.maximumHeaderBytes + HTTPTranscript.bodyBytesMax + 2
        try expect(
            connection.bufferedBytes <= max(most, before) + bytes.count,
            "\(connection.bufferedBytes) bytes are kept, more than the \(most) of the limits")
    }

    mutating func end() throws {
        while connection.awaitsAnswer { answer() }
        perform(connection.endOfInput(&surroundings))
        try expect(isClosed, "the connection stays open after its client has closed it")
    }

    private mutating func answer() {
        connection.respond(HTTPResponse(status: 200), &surroundings)
        perform(connection.proceed(&surroundings))
    }

    /// Does what the event loop does.
    private mutating func perform(_ step: HTTPConnection.Step) {
        switch step {
        case .handle(let request):
            requests.append(ReadRequest(request))
            if !answersLate { answer() }
        case .wait:
            guard !surroundings.output.isEmpty else { return }
            sent += Array(surroundings.output.bytes)
            surroundings.output.removeAll()
            connection.outputFlushed()
            perform(connection.proceed(&surroundings))
        case .shutdownSending: return
        case .close: isClosed = true
        }
    }
}

extension ReadRequest {
    fileprivate init(_ request: HTTPRequest) {
        self.init(
            method: request.method.rawValue, path: request.path, query: request.query,
            fields: request.headers.all.map { "\($0.name):\($0.value)" }, body: request.body)
    }
}
