import HTTPServer
import JSON

extension WireError {
    /// The answer that reports this error.
    func response(in wireProtocol: WireProtocol, requestID: String) -> HTTPResponse {
        HTTPResponse(
            status: kind.status,
            headers: [
                ("Content-Type", wireProtocol.contentType),
                // Clients that grew up with the Query protocol compare its code in JSON too.
                ("x-amzn-query-error", "\(kind.queryCode);\(kind.fault.rawValue)"),
            ],
            body: wireProtocol == .json ? jsonBody : xmlBody(requestID: requestID))
    }

    private var jsonBody: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("__type")
        writer.string(kind.namespace.rawValue + kind.shape)
        writer.key("message")
        writer.string(message(in: .json))
        writer.endObject()
        return writer.bytes
    }

    private func xmlBody(requestID: String) -> [UInt8] {
        var body = Array(XMLText.declaration.utf8)
        body += "<ErrorResponse xmlns=\"\(XMLText.namespace)\"><Error><Type>\(kind.fault.rawValue)</Type>".utf8
        body += "<Code>\(kind.queryCode)</Code><Message>".utf8
        XMLText.append(message(in: .query), to: &body)
        body += "</Message><Detail/></Error><RequestId>\(requestID)</RequestId></ErrorResponse>".utf8
        return body
    }
}
