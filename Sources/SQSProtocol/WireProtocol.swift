/// The two ways of saying the same thing: JSON (awsJson 1.0) and the older form-encoded requests with XML answers.
package enum WireProtocol: Sendable {
    case json
    case query

    /// The content type of every answer.
    var contentType: String {
        switch self {
        case .json: "application/x-amz-json-1.0"
        case .query: "text/xml"
        }
    }

    /// The headers of every successful answer.
    var headers: [(name: String, value: String)] {
        switch self {
        case .json: Self.jsonHeaders
        case .query: Self.queryHeaders
        }
    }

    // Made once, not for every answer.
    private static let jsonHeaders = [(name: "Content-Type", value: WireProtocol.json.contentType)]
    private static let queryHeaders = [(name: "Content-Type", value: WireProtocol.query.contentType)]
}
