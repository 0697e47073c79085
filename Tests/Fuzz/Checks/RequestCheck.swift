import Foundation
import Synchronization

@testable import HTTPServer
@testable import SQSProtocol

/// The input is an HTTP request without its length: request line, fields, an empty line, the body. Whatever it asks
/// for, the service answers at once and in one of its two protocols: with the result of the action, or with an error of
/// SQS, never with one of the server's. Every answer is JSON or XML that others can read.
@Sendable func checkRequest(_ input: [UInt8]) throws {
    guard let request = readRequest(input) else { return }
    if case .query(_, let form) = Call(request) { try checkForm(form) }
    let answers = Answers()
    let settings = SQSSettings(account: "000000000000", region: "us-east-1")
    SQSService(settings, Rehearsal.shared.actions).handle(request, HTTPExchange { answers.append($0) })
    try Rehearsal.shared.throwFinding()
    let all = answers.all
    try expect(all.count == 1, "\(all.count) answers")
    try checkAnswer(all[0], to: request)
}

private final class Answers: Sendable {
    private let answers = Mutex<[HTTPResponse]>([])

    var all: [HTTPResponse] { answers.withLock { $0 } }

    func append(_ answer: HTTPResponse) { answers.withLock { $0.append(answer) } }
}

/// The request as the server hands it over; nil if it refuses it.
private func readRequest(_ input: [UInt8]) -> HTTPRequest? {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let empty = lines.firstIndex(where: \.isEmpty) else { return nil }
    let body = Array(input[lines[empty].startIndex...].dropFirst())
    var bytes = lines[..<empty].flatMap { $0 + [0x0D, 0x0A] }
    bytes += Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body

    var surroundings = ConnectionSurroundings(
        configuration: HTTPServerConfiguration(), ids: RequestIDGenerator(seed: (1, 2, 3, 4)))
    var connection = HTTPConnection(remoteAddress: "192.0.2.1", localPort: 9324, surroundings)
    let step = bytes.withUnsafeBytes { connection.receive($0, &surroundings) }
    guard case .handle(let request) = step else { return nil }
    return request
}

/// Parameters that are encoded anew are the same.
private func checkForm(_ form: FormParameters) throws {
    func encode(_ bytes: [UInt8]) -> String {
        bytes.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    let text = form.pairs.map { "\(encode(Array($0.name.utf8)))=\(encode($0.value))" }.joined(separator: "&")
    var again = FormParameters()
    try again.append(Array(text.utf8))
    let isSame = form.pairs.count == again.pairs.count && zip(form.pairs, again.pairs).allSatisfy { $0 == $1 }
    try expect(isSame, "\(form.pairs) encoded anew are \(again.pairs)")
}

// MARK: Answers

private func checkAnswer(_ answer: HTTPResponse, to request: HTTPRequest) throws {
    try checkHead(answer)
    let fields = Dictionary(uniqueKeysWithValues: answer.headers)
    switch (answer.status, fields["Content-Type"]) {
    case (200, "application/x-amz-json-1.0"):
        try expect(answer.body.isEmpty || foundationValue(answer.body) is [String: Any], "no JSON: \(answer.body.text)")
    case (200, "text/xml"):
        let root = try require(XMLElement.read(answer.body), "no XML: \(answer.body.text)")
        try expect(root.name.hasSuffix("Response"), answer.body.text)
        try expect(root.first("RequestId")?.text == request.id, answer.body.text)
    case (404, "text/xml") where fields["x-amzn-query-error"] == nil:
        try expect(answer.body.text == "<UnknownOperationException/>", answer.body.text)
    case (400, let type), (403, let type), (404, let type):
        let code = try require(fields["x-amzn-query-error"], "an error without its code for the Query protocol")
        try checkError(answer.body, isJSON: type == "application/x-amz-json-1.0", code, request.id)
    default: throw Finding(description: "status \(answer.status), \(fields), \(answer.body.text)")
    }
}

private func checkError(_ body: [UInt8], isJSON: Bool, _ code: String, _ requestID: String) throws {
    if isJSON {
        let error = try require(foundationValue(body) as? [String: String], "no JSON: \(body.text)")
        try expect(error["__type"]?.hasPrefix("com.amazon") == true && error["message"]?.isEmpty == false, body.text)
    } else {
        let root = try require(XMLElement.read(body), "no XML: \(body.text)")
        let isWhole = root.name == "ErrorResponse" && root.first("RequestId")?.text == requestID
        try expect(isWhole && root.first("Message")?.text.isEmpty == false, body.text)
        try expect(root.first("Code")?.text == code.split(separator: ";").first.map(String.init), body.text)
    }
}

/// No answer puts lines of its own into its head.
private func checkHead(_ answer: HTTPResponse) throws {
    var output = OutputBuffer()
    ResponseEncoder(requestIDHeader: "x-id", serverName: nil)
        .encode(answer, ResponseEncoder.Manner(requestID: "the-id"), to: &output)
    let written = output.bytes.text
    let head = written.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)[0]
    // The status line, the request's id and the length of the body come besides the answer's own.
    let lines = head.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
    try expect(lines.count == answer.headers.count + 3, "the head is \(head)")
}
