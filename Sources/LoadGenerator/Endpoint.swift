import Platform

/// Where an SQS server is to be found.
package struct Endpoint: Sendable {
    /// As it was given.
    package let url: String
    /// Host and port, for the `Host` header.
    let authority: String
    let path: String
    private let host: String
    private let port: UInt16

    /// Takes a URL such as `http://127.0.0.1:9324` apart.
    package init(_ url: String) throws(LoadError) {
        if url.hasPrefix("https://") { throw .httpsIsNotSupported(url) }
        guard url.hasPrefix("http://") else { throw .notAnEndpoint(url) }
        let rest = url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard let (host, port) = Self.split(authority), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .notAnEndpoint(url)
        }
        self.url = url
        self.authority = String(authority)
        self.path = path.isEmpty ? "/" : String(path)
        self.host = host
        self.port = port
    }

    func addresses() throws(LoadError) -> [SocketAddress] {
        do {
            return try SocketAddress.resolve(host: host, port: port)
        } catch {
            throw .unreachable(url, "\(error)")
        }
    }

    /// `host`, `host:port` or `[IPv6 address]:port`.
    private static func split(_ authority: Substring) -> (host: String, port: UInt16)? {
        let isBracketed = authority.hasPrefix("[")
        let host = isBracketed ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let port = authority.dropFirst(isBracketed ? host.count + 2 : host.count)
        guard !isBracketed || authority.contains("]") else { return nil }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }) else {
            return nil
        }
        if port.isEmpty { return (String(host), 80) }
        guard port.hasPrefix(":"), let number = UInt16(port.dropFirst()), number > 0 else { return nil }
        return (String(host), number)
    }
}
