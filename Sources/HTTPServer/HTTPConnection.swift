/// What a connection needs from outside while it handles an event.
struct ConnectionSurroundings: ~Copyable {
    let configuration: HTTPServerConfiguration
    var output = OutputBuffer()
    var encoder: ResponseEncoder
    var ids: RequestIDGenerator
    /// Monotonic milliseconds.
    var now: Int64 = 0
    /// How many more bytes all connections together may buffer.
    var availableBytes: Int
    /// The server is stopping: every answer is the last one of its connection.
    var isDraining = false

    init(configuration: HTTPServerConfiguration, ids: RequestIDGenerator = RequestIDGenerator()) {
        self.configuration = configuration
        self.ids = ids
        encoder = ResponseEncoder(
            requestIDHeader: configuration.requestIDHeader, serverName: configuration.serverName)
        availableBytes = configuration.maximumBufferedBytes
    }
}

/// The life of one connection as a pure state machine: every event is a method, bytes to send are appended to the
/// surroundings' output, and the result says what else is to be done.
///
/// ```
///          receive              receive             respond
///   head ───────────▶ body ───────────────▶ handling ───────▶ head        (the connection stays)
///    │ ╲_______________│_______▶ (no body) ____╱  │
///    │ failure         │ failure                  │ respond, the last answer
///    └────────────────▶└────────▶ closing ◀───────┘
///                                   │ everything is written
///                                   ▼
///                               lingering ───▶ closed
/// ```
///
/// Requests on one connection are handled one after the other; what a client sends ahead waits in `input`.
struct HTTPConnection {
    enum Step {
        /// Write the output; then `proceed`. Without output: wait for the next event.
        case wait
        /// Hand the request over, and `respond` when there is an answer.
        case handle(HTTPRequest)
        /// Shut down the sending side; the client is given some time to read the answer.
        case shutdownSending
        /// Close the socket.
        case close
    }

    private enum Phase {
        case head, body, handling, closing, lingering, closed
    }

    /// A request whose body is still coming.
    private struct PartialRequest {
        let head: RequestHead
        var body: [UInt8] = []
        /// Of a body with a Content-Length.
        var missingBytes = 0
        var chunks: ChunkedDecoder?

        var isComplete: Bool { chunks?.isDone ?? (missingBytes == 0) }

        /// - Returns: how many bytes belong to the body.
        mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTPFailure) -> Int {
            if chunks != nil {
                return try chunks!.decode(bytes, into: &body)
            }
            let used = min(missingBytes, bytes.count)
            reserveBody()
            body.append(contentsOf: bytes[..<used])
            missingBytes -= used
            return used
        }

        /// Memory for the whole body, but for a large one only after a good part has really come.
        private mutating func reserveBody() {
            let total = body.count + missingBytes
            if total <= 256 * 1024 || body.count >= 128 * 1024 {
                body.reserveCapacity(total)
            }
        }
    }

    /// When something has to happen at the latest.
    private(set) var timer: ConnectionTimer?

    private let remoteAddress: String
    private let localPort: UInt16
    private var phase = Phase.head
    /// Received but not yet used, from `inputStart`.
    private var input: [UInt8] = []
    private var inputStart = 0
    /// How far `input` was searched for the end of a head, from `inputStart`.
    private var searched = 0
    private var partial: PartialRequest?
    private var inputEnded = false
    private var outputIsBlocked = false

    /// Of the request that is being handled.
    private var manner = ResponseEncoder.Manner(requestID: "")
    /// The size of its body, if that matters.
    private var handledBytes = 0
    private static let smallBody = 64 * 1024

    init(remoteAddress: String, localPort: UInt16, _ surroundings: borrowing ConnectionSurroundings) {
        self.remoteAddress = remoteAddress
        self.localPort = localPort
        updateTimer(surroundings)
    }

    // MARK: What others ask

    /// More input is of use now. Otherwise it stays in the socket, and so slows the client down.
    var wantsInput: Bool {
        switch phase {
        case .head, .body: !outputIsBlocked && !inputEnded
        case .lingering: true
        case .handling, .closing, .closed: false
        }
    }

    /// The handler has a request and owes the answer.
    var awaitsAnswer: Bool { phase == .handling }

    /// No request is being answered and nothing is to be sent: closing the connection takes back no promise.
    var owesNothing: Bool { (phase == .head || phase == .body) && !outputIsBlocked }

    /// What the connection keeps in memory of unfinished requests, and the handler of the one it is to answer.
    var bufferedBytes: Int {
        inputCount + (partial?.body.count ?? 0) + handledBytes
    }

    // MARK: Events

    /// Bytes came in.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, _ surroundings: inout ConnectionSurroundings) -> Step {
        switch phase {
        case .lingering, .closing, .closed: return .wait
        case .handling:
            input.append(contentsOf: bytes)
            return .wait
        case .head, .body: break
        }
        let before = bufferedBytes
        if phase == .body { timer = nil }
        let step: Step
        if inputCount == 0 {
            let (used, next) = parse(bytes, &surroundings)
            if used < bytes.count { input = Array(bytes[used...]) }
            step = next
        } else {
            input.append(contentsOf: bytes)
            step = parseInput(&surroundings)
        }
        if bufferedBytes - before > surroundings.availableBytes {
            refuseBuffering(&surroundings)
        }
        updateTimer(surroundings)
        return step
    }

    /// The client will send nothing more.
    mutating func endOfInput(_ surroundings: inout ConnectionSurroundings) -> Step {
        inputEnded = true
        return proceed(&surroundings)
    }

    /// The handler's answer to the request. To be followed by `proceed`.
    ///
    /// A large one is refused if clients that do not read theirs have used the memory up. Small ones are always given:
    /// most tell that something was done, and it was.
    /// - Returns: whether the client gets it.
    @discardableResult
    mutating func respond(_ response: HTTPResponse, _ surroundings: inout ConnectionSurroundings) -> Bool {
        precondition(phase == .handling, "an answer without a request")
        let isLarge = response.body.count > Self.smallBody
        let isRefused = isLarge && response.body.count > surroundings.availableBytes
        let response = isRefused ? HTTPFailure.overloaded.response : response
        if surroundings.isDraining { manner.closes = true }
        surroundings.encoder.encode(response, manner, to: &surroundings.output)
        phase = manner.closes ? .closing : .head
        timer = nil
        handledBytes = 0
        updateTimer(surroundings)
        return !isRefused
    }

    /// Goes on after an answer, and whenever all output has been written.
    mutating func proceed(_ surroundings: inout ConnectionSurroundings) -> Step {
        defer { updateTimer(surroundings) }
        guard !outputIsBlocked else { return .wait }
        switch phase {
        case .head, .body:
            // Some answers are gathered for one write, but not without end.
            if surroundings.output.count >= 64 * 1024 { return .wait }
            let step = inputCount > 0 ? parseInput(&surroundings) : .wait
            guard case .wait = step, owesNothing, surroundings.output.isEmpty else { return step }
            return inputEnded || surroundings.isDraining ? close() : .wait
        case .closing:
            guard surroundings.output.isEmpty else { return .wait }
            if inputEnded { return close() }
            phase = .lingering
            input = []
            return .shutdownSending
        case .lingering: return inputEnded ? close() : .wait
        case .handling: return .wait
        case .closed: return .close
        }
    }

    /// The socket takes no more of the output for now.
    /// - Parameter madeProgress: it took a part.
    mutating func outputBlocked(madeProgress: Bool, _ surroundings: borrowing ConnectionSurroundings) {
        outputIsBlocked = true
        if madeProgress { timer = nil }
        updateTimer(surroundings)
    }

    /// The socket has taken all of the output. To be followed by `proceed`.
    mutating func outputFlushed() {
        outputIsBlocked = false
    }

    /// The timer's moment has come.
    mutating func deadlineReached(_ surroundings: inout ConnectionSurroundings) -> Step {
        defer { updateTimer(surroundings) }
        switch timer?.kind {
        case .head, .body:
            fail(.timeout, &surroundings)
            return .wait
        case .idle, .write, .linger, nil: return close()
        }
    }

    /// More clients than the server takes: says so and closes.
    mutating func refuse(_ surroundings: inout ConnectionSurroundings) -> Step {
        fail(.overloaded, &surroundings)
        updateTimer(surroundings)
        return .wait
    }

    // MARK: Parsing

    private var inputCount: Int { input.count - inputStart }

    private mutating func parseInput(_ surroundings: inout ConnectionSurroundings) -> Step {
        var taken: [UInt8] = []
        swap(&taken, &input)
        let start = inputStart
        let (used, step) = taken.withUnsafeBytes { bytes in
            parse(UnsafeRawBufferPointer(rebasing: bytes[start...]), &surroundings)
        }
        if start + used == taken.count {
            inputStart = 0
        } else {
            swap(&taken, &input)
            inputStart = start + used
            compactInput()
        }
        return step
    }

    /// Drops what was used once it is the larger part, so that the moving costs no more than the receiving did.
    private mutating func compactInput() {
        if inputStart > input.count / 2 {
            input.removeFirst(inputStart)
            inputStart = 0
        }
    }

    /// Goes on with the request at the start of `bytes`.
    /// - Returns: how many bytes were used, and what to do.
    private mutating func parse(
        _ bytes: UnsafeRawBufferPointer, _ surroundings: inout ConnectionSurroundings
    ) -> (used: Int, step: Step) {
        do throws(HTTPFailure) {
            if phase == .body {
                return try parseBody(bytes)
            }
            return try parseHead(bytes, &surroundings)
        } catch {
            fail(error, &surroundings)
            return (bytes.count, .wait)
        }
    }

    private mutating func parseHead(
        _ bytes: UnsafeRawBufferPointer, _ surroundings: inout ConnectionSurroundings
    ) throws(HTTPFailure) -> (used: Int, step: Step) {
        let start = Self.endOfEmptyLines(bytes)
        // Half of another one may be there.
        guard start < bytes.count, bytes[start] != Byte.carriageReturn || start + 1 < bytes.count else {
            return (start, .wait)
        }
        // What can be no request, such as a TLS handshake, is refused at its first byte.
        guard Byte.isToken(bytes[start]) else { throw .badRequest("malformed method") }
        let limit = surroundings.configuration.maximumHeaderBytes
        switch RequestHead.findEnd(bytes, from: max(start, searched)) {
        case .missing(let position):
            searched = position
            if bytes.count - start > limit { throw tooLarge(bytes[start...], limit) }
            return (0, .wait)
        case .found(let end):
            searched = 0
            if end - start > limit { throw tooLarge(bytes[start..<end], limit) }
            let head = try RequestHead(parsing: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            let rest = UnsafeRawBufferPointer(rebasing: bytes[end...])
            let (used, step) = try begin(head, rest, &surroundings)
            return (end + used, step)
        }
    }

    /// Where the request line starts. Old clients send an empty line after a request (RFC 9112, 2.2).
    private static func endOfEmptyLines(_ bytes: UnsafeRawBufferPointer) -> Int {
        var end = 0
        while end + 1 < bytes.count, bytes[end] == Byte.carriageReturn, bytes[end + 1] == Byte.lineFeed { end += 2 }
        return end
    }

    private func tooLarge(_ head: Slice<UnsafeRawBufferPointer>, _ limit: Int) -> HTTPFailure {
        head.prefix(limit).contains(Byte.lineFeed) ? .headTooLarge : .targetTooLong
    }

    private mutating func begin(
        _ head: RequestHead, _ rest: UnsafeRawBufferPointer, _ surroundings: inout ConnectionSurroundings
    ) throws(HTTPFailure) -> (used: Int, step: Step) {
        manner = ResponseEncoder.Manner(
            requestID: surroundings.ids.next(), omitsBody: head.method == .head, closes: !head.keepsAlive,
            announcesKeepAlive: head.isHTTP10)
        switch head.framing {
        case .length(let length):
            if length > surroundings.configuration.maximumBodyBytes { throw .bodyTooLarge }
            // Most requests come in one piece.
            if length <= rest.count {
                let body = Array(UnsafeRawBufferPointer(rebasing: rest[..<length]))
                return (length, hand(head, over: body))
            }
            partial = PartialRequest(head: head, missingBytes: length)
        case .chunked:
            let chunks = ChunkedDecoder(
                maximumBodyBytes: surroundings.configuration.maximumBodyBytes,
                maximumTrailerBytes: surroundings.configuration.maximumHeaderBytes)
            partial = PartialRequest(head: head, chunks: chunks)
        }
        phase = .body
        timer = nil
        if head.expectsContinue, rest.isEmpty {
            surroundings.output.append("HTTP/1.1 100 Continue\r\n\r\n")
        }
        return try parseBody(rest)
    }

    private mutating func parseBody(
        _ bytes: UnsafeRawBufferPointer
    ) throws(HTTPFailure) -> (used: Int, step: Step) {
        let used = try partial!.receive(bytes)
        guard let complete = partial, complete.isComplete else { return (used, .wait) }
        partial = nil
        return (used, hand(complete.head, over: complete.body))
    }

    /// The request is complete.
    private mutating func hand(_ head: RequestHead, over body: [UInt8]) -> Step {
        phase = .handling
        timer = nil
        handledBytes = body.count > Self.smallBody ? body.count : 0
        return .handle(
            HTTPRequest(
                id: manner.requestID, method: head.method, path: head.path, query: head.query, headers: head.headers,
                body: body, localPort: localPort, remoteAddress: remoteAddress))
    }

    // MARK: Ends

    /// Answers in place of the handler; nothing that follows on this connection can be trusted.
    private mutating func fail(_ failure: HTTPFailure, _ surroundings: inout ConnectionSurroundings) {
        manner.requestID = surroundings.ids.next()
        manner.omitsBody = false
        manner.closes = true
        surroundings.encoder.encode(failure.response, manner, to: &surroundings.output)
        dropInput()
        phase = .closing
    }

    /// All connections together hold as much as they may, and this one wants more. A request that is complete is
    /// still answered, but nothing after it.
    private mutating func refuseBuffering(_ surroundings: inout ConnectionSurroundings) {
        switch phase {
        case .head, .body: fail(.overloaded, &surroundings)
        case .handling:
            dropInput()
            manner.closes = true
        case .closing, .lingering, .closed: break
        }
    }

    private mutating func dropInput() {
        input = []
        inputStart = 0
        searched = 0
        partial = nil
    }

    private mutating func close() -> Step {
        phase = .closed
        timer = nil
        return .close
    }

    // MARK: Time

    /// A timer runs on as long as it is of the same kind, unless an event has cleared it.
    private mutating func updateTimer(_ surroundings: borrowing ConnectionSurroundings) {
        let kind: ConnectionTimer.Kind? =
            switch phase {
            case .closed: nil
            case .lingering: .linger
            case .closing: .write
            case .head where outputIsBlocked, .body where outputIsBlocked, .handling where outputIsBlocked: .write
            case .handling: nil
            case .head: inputCount == 0 ? .idle : .head
            case .body: .body
            }
        guard kind != timer?.kind else { return }
        timer = kind.map {
            ConnectionTimer(kind: $0, deadline: surroundings.now + $0.milliseconds(surroundings.configuration))
        }
    }
}
