/// What a server lets its clients do.
package struct HTTPServerConfiguration: Sendable {
    /// The header that carries a request's id on every response.
    package var requestIDHeader: String
    /// For the Server header; nil leaves the header out.
    package var serverName: String?

    /// Clients beyond it are answered with 503.
    package var maximumConnections = 20_000
    /// Of the request line and the header fields together, at most 1 MiB.
    package var maximumHeaderBytes = 64 * 1024
    package var maximumBodyBytes = 16 * 1024 * 1024
    /// Of unfinished requests and unread answers of all connections together. Requests that need more are refused
    /// with 503, so that hundreds of large bodies cannot exhaust the memory.
    package var maximumBufferedBytes = 256 * 1024 * 1024

    /// How long a connection may be open without a request.
    package var idleTimeoutMilliseconds: Int64 = 300_000
    /// How long a head may take from its first byte to its last.
    package var headTimeoutMilliseconds: Int64 = 10_000
    /// How long a body may make no progress.
    package var bodyTimeoutMilliseconds: Int64 = 30_000
    /// How long a client may read nothing of its answer.
    package var writeTimeoutMilliseconds: Int64 = 30_000
    /// How long a connection that we have closed waits for the client to close it too.
    package var lingerTimeoutMilliseconds: Int64 = 2000

    package init(requestIDHeader: String = "x-amzn-RequestId", serverName: String? = nil) {
        self.requestIDHeader = requestIDHeader
        self.serverName = serverName
    }
}
