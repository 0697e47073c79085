import Glibc
import Platform

/// One keep-alive connection, and the request that is under way on it. It is opened when it is needed and opened again
/// when the server has closed it.
final class HTTPClientConnection {
    /// What a readable connection gave.
    enum Received {
        case response(ResponseParser.Response)
        case incomplete
        /// The connection is closed; whatever was under way on it has no answer.
        case lost(String, isRefused: Bool)
    }

    private static let startCapacity = 16 * 1024

    private var input: UnsafeMutableRawBufferPointer
    private var inputCount = 0
    private var parser = ResponseParser()
    private var output = UnsafeRawBufferPointer(start: nil, count: 0)
    private var descriptor: FileDescriptor?
    private var hasPeerLeft = false
    private(set) var id = ConnectionID(descriptor: -1, generation: 0)

    init() {
        input = .allocate(byteCount: Self.startCapacity, alignment: 16)
    }

    deinit {
        input.deallocate()
        descriptor?.close()
    }

    var isOpen: Bool { descriptor != nil }

    /// Some of the request has still to be sent.
    var isSending: Bool { !output.isEmpty }

    /// Valid until the next request.
    func body(of response: ResponseParser.Response) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: input[response.body])
    }

    /// Begins to connect.
    func open(to address: SocketAddress, in epoll: borrowing Epoll) throws(SystemError) {
        let descriptor = try FileDescriptor.connect(to: address)
        self.descriptor = descriptor
        id = ConnectionID(descriptor: descriptor.rawValue, generation: id.generation &+ 1)
        hasPeerLeft = false
        try epoll.addEdgeTriggered(id)
    }

    func close() {
        descriptor?.close()
        descriptor = nil
        output = UnsafeRawBufferPointer(start: nil, count: 0)
        inputCount = 0
        parser = ResponseParser()
    }

    /// Begins a request. Its bytes must stay as they are until the answer has come.
    func begin(_ request: UnsafeRawBufferPointer) throws(SystemError) {
        output = request
        inputCount = 0
        try send()
    }

    /// Sends what is left of the request, as far as the system takes it.
    func send() throws(SystemError) {
        guard let descriptor else { return }
        while !output.isEmpty {
            guard case .processed(let count) = try descriptor.send(output) else { return }
            output = UnsafeRawBufferPointer(rebasing: output[count...])
        }
    }

    /// Reads until a whole response has come or nothing more is there.
    func receive(_ readiness: Readiness) throws(ResponseParser.Malformed) -> Received {
        if readiness.hasPeerLeft { hasPeerLeft = true }
        guard let descriptor else { return .incomplete }
        while true {
            if inputCount == input.count { growInput() }
            let free = UnsafeMutableRawBufferPointer(rebasing: input[inputCount...])
            let result: IOResult
            do throws(SystemError) {
                result = try descriptor.receive(into: free)
            } catch {
                return lose("\(error)", isRefused: error.meansNobodyIsThere)
            }
            guard case .processed(let count) = result else { return .incomplete }
            inputCount += count
            let isEnd = count == 0
            if isEnd, inputCount == 0 { return lose("the connection was closed before the answer", isRefused: false) }
            let received = UnsafeMutableRawBufferPointer(rebasing: input[..<inputCount])
            do throws(ResponseParser.Malformed) {
                if let response = try parser.parse(received, isEnd: isEnd) {
                    // The end of the stream may have come with the response, and would not be told again. A request
                    // that was answered before it was sent will never be read to its end.
                    if response.closes || isEnd || hasPeerLeft || isSending { close() }
                    return .response(response)
                }
            } catch .truncated {
                return lose("the connection was closed within the answer", isRefused: false)
            }
            // The system had no more than it gave, and will tell of what comes.
            if count < free.count, !hasPeerLeft { return .incomplete }
        }
    }

    private func lose(_ reason: String, isRefused: Bool) -> Received {
        close()
        return .lost(reason, isRefused: isRefused)
    }

    private func growInput() {
        let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count * 2, alignment: 16)
        grown.copyMemory(from: UnsafeRawBufferPointer(input))
        input.deallocate()
        input = grown
    }
}

extension SystemError {
    /// There is no server at the address, or no way to it.
    var meansNobodyIsThere: Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EHOSTDOWN, ENETDOWN].contains(code)
    }
}
