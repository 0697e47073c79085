/// The methods a handler can be asked for; the server itself refuses all others.
package enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case options = "OPTIONS"
}

/// A complete request: its head was well-formed, its body is all there.
///
/// A class because it goes through many hands, and a copy of all its members would cost more each time.
package final class HTTPRequest: Sendable {
    /// Unique, in the form of a UUID. The answer carries it in the header named by the configuration.
    package let id: String
    package let method: HTTPMethod
    /// Percent-encoded as received, without the query; begins with `/`, or is `*` for OPTIONS.
    package let path: String
    /// What follows the `?`, as received; empty if there is none.
    package let query: String
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// The port on which the request came in.
    package let localPort: UInt16
    /// The client's address as numbers, without its port.
    package let remoteAddress: String

    package init(
        id: String, method: HTTPMethod, path: String, query: String = "", headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [], localPort: UInt16 = 0, remoteAddress: String = "127.0.0.1"
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.localPort = localPort
        self.remoteAddress = remoteAddress
    }
}
