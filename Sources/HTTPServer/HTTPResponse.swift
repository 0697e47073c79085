/// An answer. The server adds Content-Length, Date, Server, Connection and the request id, so leave these out.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why the server answers a request by itself. The connection is closed afterwards, because what follows on it may
/// not be where we think it is.
struct HTTPFailure: Error, Equatable {
    let status: Int
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    static func badRequest(_ reason: String) -> HTTPFailure {
        HTTPFailure(400, reason)
    }

    static let headTooLarge = HTTPFailure(431, "the header fields are too large")
    static let targetTooLong = HTTPFailure(414, "the request target is too long")
    static let bodyTooLarge = HTTPFailure(413, "the body is too large")
    static let timeout = HTTPFailure(408, "the request took too long to arrive")
    static let overloaded = HTTPFailure(503, "the server is overloaded")

    var response: HTTPResponse {
        var headers = [(name: "Content-Type", value: "text/plain")]
        if status == 405 {
            headers.append(("Allow", "GET, HEAD, POST, OPTIONS"))
        }
        return HTTPResponse(status: status, headers: headers, body: Array("\(reason)\n".utf8))
    }
}
