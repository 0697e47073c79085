@testable import HTTPServer

/// Drives a connection without a socket, as the event loop does.
final class Wire {
    private(set) var requests: [HTTPRequest] = []
    private(set) var sent: [UInt8] = []
    private(set) var isClosed = false
    private(set) var hasShutDownSending = false
    /// How many more bytes the socket takes.
    var capacity = Int.max
    /// What the handler answers at once; nil leaves the request unanswered.
    var answer: (HTTPRequest) -> HTTPResponse? = { request in
        HTTPResponse(status: 200, body: Array("\(request.method.rawValue) \(request.path)".utf8) + request.body)
    }

    private(set) var connection: HTTPConnection
    private var surroundings: ConnectionSurroundings

    init(_ configure: (inout HTTPServerConfiguration) -> Void = { _ in }) {
        var configuration = HTTPServerConfiguration(requestIDHeader: "x-id")
        configure(&configuration)
        surroundings = ConnectionSurroundings(
            configuration: configuration, ids: RequestIDGenerator(seed: (1, 2, 3, 4)))
        surroundings.encoder.setTime(784_111_777_000)
        connection = HTTPConnection(remoteAddress: "192.0.2.1", localPort: 9324, surroundings)
    }

    var statuses: [Int] { ReceivedResponse.all(in: sent).map(\.status) }
    var bodies: [String] { ReceivedResponse.all(in: sent).map(\.body) }
    var sentText: String { String(decoding: sent, as: UTF8.self) }

    func receive(_ text: String) {
        receive(Array(text.utf8))
    }

    func receive(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        drive(bytes.withUnsafeBytes { connection.receive($0, &surroundings) })
    }

    func endInput() {
        drive(connection.endOfInput(&surroundings))
    }

    func respond(_ response: HTTPResponse) {
        connection.respond(response, &surroundings)
        drive(connection.proceed(&surroundings))
    }

    /// The socket takes so many bytes more, and what waits is sent.
    func grow(capacity additional: Int) {
        capacity += additional
        drive(.wait)
    }

    func drain() {
        surroundings.isDraining = true
    }

    func limitBufferedBytes(to bytes: Int) {
        surroundings.availableBytes = bytes
    }

    /// Lets time pass, and the timer run out if it is due.
    func advance(milliseconds: Int64) {
        surroundings.now += milliseconds
        guard let timer = connection.timer, timer.deadline <= surroundings.now else { return }
        drive(connection.deadlineReached(&surroundings))
    }

    private func drive(_ first: HTTPConnection.Step) {
        var step = first
        while true {
            switch step {
            case .handle(let request):
                requests.append(request)
                if let response = answer(request) {
                    connection.respond(response, &surroundings)
                    step = connection.proceed(&surroundings)
                } else {
                    step = .wait
                }
            case .wait:
                if surroundings.output.isEmpty || !send() { return }
                connection.outputFlushed()
                step = connection.proceed(&surroundings)
            case .shutdownSending:
                hasShutDownSending = true
                step = .wait
            case .close:
                isClosed = true
                return
            }
        }
    }

    private func send() -> Bool {
        let bytes = Array(surroundings.output.bytes)
        let taken = min(capacity, bytes.count)
        sent += bytes[..<taken]
        if capacity != Int.max { capacity -= taken }
        surroundings.output.removeAll()
        if taken == bytes.count { return true }
        bytes[taken...].withUnsafeBytes { surroundings.output.append($0) }
        connection.outputBlocked(madeProgress: taken > 0, surroundings)
        return false
    }
}
