import Platform

/// The sockets of an address. Clients can connect from now on; they are served when a server has taken the listener over.
package struct HTTPListener: Sendable {
    /// The port that the system chose if 0 was asked for.
    package let port: UInt16
    let descriptors: [FileDescriptor]

    /// Binds an IPv4 or IPv6 address or a name.
    /// - Throws: `ResolveError` or `SystemError`.
    package init(host: String, port: UInt16) throws {
        (descriptors, self.port) = try Self.listen(host: host, port: port)
    }

    /// One socket for each address of the host, all on the same port. An address that this machine lacks is left out
    /// as long as there is another.
    private static func listen(
        host: String, port wanted: UInt16
    ) throws -> (listeners: [FileDescriptor], port: UInt16) {
        var listeners: [FileDescriptor] = []
        var port = wanted
        var lastError: SystemError?
        for var address in try SocketAddress.resolve(host: host, port: port) {
            address.port = port
            do throws(SystemError) {
                let listener = try FileDescriptor.listen(on: address, backlog: 4096)
                listeners.append(listener)
                port = try listener.localAddress().port
            } catch {
                lastError = error
                guard error.isMissingAddress else { break }
            }
        }
        if let lastError, listeners.isEmpty || !lastError.isMissingAddress {
            for listener in listeners { listener.close() }
            throw lastError
        }
        return (listeners, port)
    }
}
