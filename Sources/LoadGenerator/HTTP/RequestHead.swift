import Platform

/// Makes the heads of requests in the AWS JSON protocol.
struct RequestHead {
    let endpoint: Endpoint
    let date: UTCTime

    /// All before the value of Content-Length, which comes last.
    ///
    /// The signature has the shape of Signature Version 4 and is made up: servers read the region from its scope, and
    /// those that are measured do not verify it.
    func bytes(for action: Action) -> [UInt8] {
        let day = date.iso8601.prefix(10).filter { $0 != "-" }
        let time = date.iso8601.dropFirst(11).prefix(8).filter { $0 != ":" }
        let lines = [
            "POST \(endpoint.path) HTTP/1.1",
            "Host: \(endpoint.authority)",
            "X-Amz-Target: AmazonSQS.\(action.name)",
            "Content-Type: application/x-amz-json-1.0",
            "X-Amz-Date: \(day)T\(time)Z",
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\(day)/us-east-1/sqs/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                + "Signature=\(String(repeating: "0123456789abcdef", count: 4))",
            "Content-Length:",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}
