import CLinux
import Glibc
import Platform

@testable import HTTPServer

/// A client on a blocking socket.
final class TestClient {
    private let socket: FileDescriptor
    private var received: [UInt8] = []
    private var isOpen = true

    init(port: UInt16, host: String = "127.0.0.1") throws {
        let address = try SocketAddress.resolve(host: host, port: port)[0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(address.family, type, 0)
        socket = FileDescriptor(rawValue: descriptor)
        _ = try retryingInterrupted("connect") { address.withSockaddr { connect(descriptor, $0, $1) } }
        // So that a server that does not answer fails the test instead of hanging it.
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = try retryingInterrupted("setsockopt") { setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size) }
    }

    deinit {
        close()
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let result = try rest.withUnsafeBytes { bytes throws(SystemError) in try socket.send(bytes) }
            guard case .processed(let count) = result else { throw SystemError(code: EAGAIN, call: "send") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads until a response is complete.
    func receive(hasBody: Bool = true) throws -> ReceivedResponse {
        while true {
            if let response = ReceivedResponse(takingFrom: &received, hasBody: hasBody) { return response }
            guard try readMore() else { throw SystemError(code: ECONNRESET, call: "end of stream") }
        }
    }

    /// Reads to the end of the stream; true if nothing came before it.
    func receivesOnlyTheEnd() throws -> Bool {
        while try readMore() {}
        return received.isEmpty
    }

    func shutdownSending() {
        socket.shutdownSending()
    }

    func close() {
        if isOpen { socket.close() }
        isOpen = false
    }

    /// Closes with a reset instead of an orderly end.
    func reset() throws {
        var option = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        _ = try retryingInterrupted("setsockopt") {
            setsockopt(socket.rawValue, SOL_SOCKET, SO_LINGER, &option, size)
        }
        close()
    }

    private func readMore() throws -> Bool {
        let capacity = 1 << 20
        let result = try withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
            let result = try socket.receive(into: buffer)
            if case .processed(let count) = result { received += buffer[..<count] }
            return result
        }
        switch result {
        case .processed(let count): return count > 0
        case .wouldBlock: throw SystemError(code: ETIMEDOUT, call: "recv")
        }
    }
}
