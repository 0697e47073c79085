import HTTPServer
import Testing

@testable import SQSProtocol

/// How queues and servers are named in requests.
struct AddressTests {
    @Test(
        "queue URLs, paths and bare names",
        arguments: [
            ("http://127.0.0.1:8080/000000000000/q", "000000000000", "q"),
            ("https://sqs.us-east-1.amazonaws.com/123456789012/q.fifo", "123456789012", "q.fifo"),
            ("http://h/000000000000/q/", "000000000000", "q"), ("http://h//000000000000//q", "000000000000", "q"),
            ("/000000000000/q", "000000000000", "q"), ("000000000000/q", "000000000000", "q"),
            ("http://h/prefix/000000000000/q", "000000000000", "q"), ("http://h/q", nil, "q"), ("q", nil, "q"),
            ("/q", nil, "q"), ("http://h/0/my%2Dqueue", "0", "my-queue"), ("http://h/0/a+b", "0", "a+b"),
            ("http://h/0/q?x=/y/z#/f", "0", "q"), ("0/q?x=http://h/1/r", "0", "q"), ("0/q#http://h/1/r?", "0", "q"),
            ("localhost:8080/0/q", "0", "q"), ("http://[::1]:80/0/q", "0", "q"),
        ] as [(String, String?, String)])
    func queueURL(url: String, account: String?, name: String) {
        #expect(QueueAddress(url: Array(url.utf8)) == QueueAddress(account: account, name: name))
    }

    @Test("URLs without a name", arguments: ["", "/", "//", "http://h", "http://h/", "http://h?x/y", "?q"])
    func noQueue(url: String) {
        #expect(QueueAddress(url: Array(url.utf8)) == nil)
    }

    @Test(
        "the origin of queue URLs",
        arguments: [
            ("127.0.0.1:8080", 8080, "http://127.0.0.1:8080"),
            ("queue.example:9324", 8080, "http://queue.example:9324"),
            ("queue.example", 8080, "http://queue.example:8080"), ("queue.example", 80, "http://queue.example"),
            ("queue.example:80", 80, "http://queue.example:80"), ("[::1]", 8080, "http://[::1]:8080"),
            ("[::1]:9", 8080, "http://[::1]:9"), (nil, 8080, "http://localhost:8080"), ("", 80, "http://localhost"),
        ] as [(String?, UInt16, String)])
    func origin(host: String?, port: UInt16, origin: String) {
        #expect(BaseURL.origin(host: host, localPort: port) == origin)
    }

    private func scope(_ authorization: String) -> CredentialScope? {
        CredentialScope(authorization: Array(authorization.utf8)[...])
    }

    @Test func `a signed request tells the region`() {
        let scope = scope(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/eu-west-1/sqs/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=00")
        #expect(scope?.region == "eu-west-1")
    }

    @Test(
        "an access key of twelve digits is the account",
        arguments: [
            ("123456789012", "123456789012"), ("12345678901", nil), ("1234567890123", nil), ("12345678901a", nil),
            ("AKIDEXAMPLE", nil),
        ] as [(String, String?)])
    func account(accessKey: String, account: String?) {
        let scope = scope("AWS4-HMAC-SHA256 Credential=\(accessKey)/20260115/eu-west-1/sqs/aws4_request")
        #expect(scope != nil)
        #expect(scope?.account == account)
    }

    @Test("a region that cannot be part of an ARN is ignored", arguments: ["a:b", "é", "a b", "*"])
    func oddRegion(region: String) {
        let scope = scope("AWS4-HMAC-SHA256 Credential=AK/20260115/\(region)/sqs/aws4_request")
        #expect(scope != nil)
        #expect(scope?.region == nil)
    }

    @Test(
        "headers that cannot be read are ignored",
        arguments: [
            "", "Basic dTpw", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256 Credential=AK/20260115/eu-west-1/sqs", "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=AK/20260115//sqs/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AK/20260115/eu-west-1/sqs/",
            "AWS4-HMAC-SHA256 Credential=/20260115/eu-west-1/sqs/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AK/20260115/eu-west-1/sqs/aws4_request/more",
        ])
    func unreadable(header: String) {
        #expect(scope(header) == nil)
    }

    @Test func `order and spacing of the header do not matter`() {
        let header = "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AK/1/r/s3/aws4_request,Signature=0"
        #expect(scope(header)?.region == "r")
    }

    @Test func `a presigned URL tells key and region`() throws {
        var form = FormParameters()
        try form.append(Array("X-Amz-Credential=AK%2F20260115%2Feu-west-1%2Fsqs%2Faws4_request".utf8))
        let request = HTTPRequest(id: "id", method: .get, path: "/")
        #expect(CredentialScope(request, form)?.region == "eu-west-1")
    }
}
