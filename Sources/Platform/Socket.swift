import CLinux
import Glibc

/// The calls on sockets.
extension FileDescriptor {
    /// What became of an attempt to accept a connection.
    package enum Accepted {
        case connection(FileDescriptor, remoteAddress: String)
        case wouldBlock
        /// The client was gone before we came to it, or its network failed; there may be others (accept(2)).
        case lost
    }

    /// Opens a non-blocking listening socket. Accepted sockets inherit TCP_NODELAY from it.
    package static func listen(on address: SocketAddress, backlog: Int32) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let listener = FileDescriptor(
            rawValue: try retryingInterrupted("socket") { socket(address.family, type, 0) })
        do throws(SystemError) {
            try listener.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
            try listener.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            if address.family == AF_INET6 {
                try listener.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isUnspecified ? 0 : 1)
            }
            _ = try retryingInterrupted("bind") {
                address.withSockaddr { Glibc.bind(listener.rawValue, $0, $1) }
            }
            _ = try retryingInterrupted("listen") { Glibc.listen(listener.rawValue, backlog) }
            return listener
        } catch {
            listener.close()
            throw error
        }
    }

    /// Opens a non-blocking socket and begins to connect it. A send waits until that is done, or tells why it failed.
    package static func connect(to address: SocketAddress) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let connection = FileDescriptor(
            rawValue: try retryingInterrupted("socket") { socket(address.family, type, 0) })
        do throws(SystemError) {
            try connection.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            _ = try retryingInterrupted("connect") {
                address.withSockaddr { Glibc.connect(connection.rawValue, $0, $1) }
            }
        } catch {
            if error.code == EINPROGRESS { return connection }
            connection.close()
            throw error
        }
        return connection
    }

    package func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = try retryingInterrupted("setsockopt") { setsockopt(rawValue, level, name, &value, size) }
    }

    package func accept() throws(SystemError) -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        do throws(SystemError) {
            let descriptor = try retryingInterrupted("accept4") {
                withUnsafeMutablePointer(to: &storage) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        clinux_accept(rawValue, $0, &length)
                    }
                }
            }
            let address = SocketAddress(storage: storage, length: length)
            return .connection(FileDescriptor(rawValue: descriptor), remoteAddress: address.numericHost)
        } catch {
            switch error.code {
            case EAGAIN: return .wouldBlock
            case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
                ENETUNREACH, EPERM:
                return .lost
            default: throw error
            }
        }
    }

    /// The address to which the socket is bound.
    package func localAddress() throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = try retryingInterrupted("getsockname") {
            withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(rawValue, $0, &length)
                }
            }
        }
        return SocketAddress(storage: storage, length: length)
    }

    package func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> IOResult {
        try retryingUnlessBlocked("recv") { recv(rawValue, buffer.baseAddress, buffer.count, 0) }
    }

    /// Sends without SIGPIPE, whatever the process does with this signal.
    package func send(_ buffer: UnsafeRawBufferPointer) throws(SystemError) -> IOResult {
        try retryingUnlessBlocked("send") {
            Glibc.send(rawValue, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Ends the sending side. Fails if the client has reset the connection, which the next event tells as well.
    package func shutdownSending() {
        _ = shutdown(rawValue, Int32(SHUT_WR))
    }
}

/// An IPv4 or IPv6 address with a port.
package struct SocketAddress: Sendable {
    private var storage: sockaddr_storage
    private let length: socklen_t

    package init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }

    package var family: Int32 { Int32(storage.ss_family) }

    /// Both families keep the port in the same place.
    package var port: UInt16 {
        get { withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) } }
        set {
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: newValue.bigEndian, toByteOffset: 2, as: UInt16.self)
            }
        }
    }

    /// `::`, which stands for every address.
    package var isUnspecified: Bool { numericHost == "::" }

    /// The address as text; an IPv4 address that came in over IPv6 is written as the former.
    package var numericHost: String {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = withSockaddr {
            getnameinfo($0, $1, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        }
        guard result == 0 else { return "unknown" }
        let host = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host
    }

    package func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// All addresses of a host.
    package static func resolve(host: String, port: UInt16) throws(ResolveError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw ResolveError(host: host, reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let info = next?.pointee {
            var storage = sockaddr_storage()
            let length = min(Int(info.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            memcpy(&storage, info.ai_addr, length)
            addresses.append(SocketAddress(storage: storage, length: socklen_t(length)))
            next = info.ai_next
        }
        return addresses
    }
}

/// A name that stands for no address.
package struct ResolveError: Error, Equatable, CustomStringConvertible {
    package let host: String
    package let reason: String

    package var description: String { "cannot resolve \(host): \(reason)" }
}

extension SystemError {
    /// The machine lacks the address or its whole family.
    package var isMissingAddress: Bool { code == EADDRNOTAVAIL || code == EAFNOSUPPORT }
}
