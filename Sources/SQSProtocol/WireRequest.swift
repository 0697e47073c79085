/// What the protocols need to know of an HTTP request.
package struct WireRequest: Sendable {
    package var method: String
    /// The path as it was sent, percent encoding included, without the query string.
    package var path: String
    /// What followed the question mark, as it was sent.
    package var query: [UInt8] = []
    package var host: String?
    package var contentType: String?
    /// The header X-Amz-Target.
    package var target: String?
    package var authorization: String?
    /// The header X-Amzn-Trace-Id.
    package var traceID: String?
    package var body: [UInt8] = []
    /// The port of the socket that the request came in on.
    package var localPort: Int

    package init(method: String, path: String, localPort: Int) {
        self.method = method
        self.path = path
        self.localPort = localPort
    }
}
