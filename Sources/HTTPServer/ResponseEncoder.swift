import Platform

/// Writes answers as HTTP/1.1.
struct ResponseEncoder {
    /// How an answer is to be written, beside what it says.
    struct Manner {
        var requestID: String
        /// HEAD: everything but the body.
        var omitsBody = false
        var closes = false
        /// HTTP/1.0 clients have to be told that the connection stays.
        var announcesKeepAlive = false
    }

    /// The line `Server`, or nothing.
    private let serverLine: String
    private let requestIDHeader: String
    /// What follows the status line, up to the value of the request id. Made once a second, for the date in it.
    private var commonLines: [UInt8] = []
    private var commonLinesSecond = Int64.min

    init(requestIDHeader: String, serverName: String?) {
        self.requestIDHeader = requestIDHeader
        serverLine = serverName.map { "Server: \($0)\r\n" } ?? ""
    }

    /// Tells the time for the Date header.
    mutating func setTime(_ milliseconds: Int64) {
        let second = milliseconds / 1000
        guard second != commonLinesSecond else { return }
        commonLinesSecond = second
        let date = UTCTime(millisecondsSinceEpoch: milliseconds).imfFixdate
        commonLines = Array("\(serverLine)Date: \(date)\r\n\(requestIDHeader): ".utf8)
    }

    func encode(_ response: HTTPResponse, _ manner: Manner, to output: inout OutputBuffer) {
        appendStatusLine(response.status, to: &output)
        output.append(commonLines)
        output.appendHeaderText(manner.requestID)
        output.append("\r\n")
        for (name, value) in response.headers {
            output.appendHeaderText(name)
            output.append(": ")
            output.appendHeaderText(value)
            output.append("\r\n")
        }
        // RFC 9110, 8.6: neither a body nor its length with these.
        let hasBody = response.status != 204 && response.status != 304
        if hasBody {
            output.append("Content-Length: ")
            output.append(decimal: response.body.count)
            output.append("\r\n")
        }
        if manner.closes {
            output.append("Connection: close\r\n")
        } else if manner.announcesKeepAlive {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
        if hasBody, !manner.omitsBody {
            output.append(response.body)
        }
    }

    private func appendStatusLine(_ status: Int, to output: inout OutputBuffer) {
        if status == 200 {
            output.append("HTTP/1.1 200 OK\r\n")
            return
        }
        output.append("HTTP/1.1 ")
        output.append(decimal: status)
        output.append(" ")
        output.append(reasonPhrase(status))
        output.append("\r\n")
    }
}

/// Of the statuses that this server and an SQS service send; any other goes without a phrase, which is allowed.
private func reasonPhrase(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
}
