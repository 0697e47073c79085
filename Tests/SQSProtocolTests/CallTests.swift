import HTTPServer
import Testing

@testable import SQSProtocol

/// Which protocol a request speaks and what it asks for.
struct CallTests {
    private static let json = "application/x-amz-json-1.0"
    private static let form = "application/x-www-form-urlencoded; charset=utf-8"

    struct Case: Sendable {
        var method = HTTPMethod.post
        var path = "/"
        var query = ""
        var type: String?
        var target: String?
        var body = ""
        let call: String
    }

    /// A call in a form that can be compared.
    private func describe(_ call: Call) -> String {
        switch call {
        case .json(let action): "json \(action.rawValue)"
        case .query(let action, _): "query \(action.rawValue)"
        case .refused(let error, let wireProtocol): "\(wireProtocol) \(error.kind.queryCode)"
        case .nothing: "nothing"
        }
    }

    @Test(
        "the dispatch table",
        arguments: [
            Case(type: json, target: "AmazonSQS.SendMessage", body: "{}", call: "json SendMessage"),
            Case(path: "/000000000000/q", type: json, target: "AmazonSQS.SendMessage", call: "json SendMessage"),
            Case(path: "/000000000000/q", type: json, target: "AmazonSQS.ListQueues", call: "json ListQueues"),
            Case(target: "AmazonSQS.SendMessage", call: "json SendMessage"),
            Case(type: json, target: "AmazonSQS.Nothing", call: "json InvalidAction"),
            Case(type: json, target: "AmazonSNS.Publish", call: "json InvalidAction"),
            Case(type: json, target: "SendMessage", call: "json InvalidAction"),
            Case(type: json, body: "{}", call: "json InvalidAction"),
            Case(type: "application/json; charset=utf-8", body: "{}", call: "json InvalidAction"),
            Case(type: form, body: "Action=SendMessage", call: "query SendMessage"),
            Case(type: "Application/X-WWW-Form-URLencoded", body: "Action=SendMessage", call: "query SendMessage"),
            Case(path: "/000000000000/q", type: form, body: "Action=SendMessage", call: "query SendMessage"),
            Case(query: "Action=SendMessage", type: form, body: "MessageBody=x", call: "query SendMessage"),
            Case(query: "Action=SendMessage", type: form, body: "Action=ListQueues", call: "query ListQueues"),
            Case(query: "Action=SendMessage", type: json, body: "{}", call: "query SendMessage"),
            Case(method: .get, query: "Action=ListQueues", call: "query ListQueues"),
            Case(method: .get, path: "/0/q", query: "Action=GetQueueUrl&QueueName=x", call: "query GetQueueUrl"),
            Case(body: "Action=ListQueues", call: "query ListQueues"),
            // Perl's Amazon::SQS::Simple sends both.
            Case(type: form, target: "AmazonSQS.ListQueues", body: "Action=SendMessage", call: "query SendMessage"),
            // curl calls any body a form.
            Case(type: form, target: "AmazonSQS.ListQueues", body: "{}", call: "json ListQueues"),
            Case(path: "/000000000000/q", type: form, body: "Action=CreateQueue", call: "query InvalidAction"),
            Case(path: "/000000000000/q", type: form, body: "Action=ListQueues", call: "query InvalidAction"),
            Case(type: form, body: "Action=Nothing", call: "query InvalidAction"),
            Case(type: form, body: "Action=SendMessage&MessageBody=%ff", call: "query MalformedInput"),
            Case(method: .get, path: "/000000000000/q", call: "nothing"),
            Case(method: .get, call: "nothing"),
            Case(method: .get, query: "Action=", call: "nothing"),
            Case(type: "text/plain", body: "Action=ListQueues", call: "nothing"),
            Case(method: .head, query: "Action=ListQueues", call: "nothing"),
        ])
    func dispatch(row: Case) {
        var headers: [(name: String, value: String)] = []
        if let type = row.type { headers.append(("content-type", type)) }
        if let target = row.target { headers.append(("x-amz-target", target)) }
        let request = HTTPRequest(
            id: "id", method: row.method, path: row.path, query: row.query, headers: HTTPHeaders(headers),
            body: Array(row.body.utf8))
        #expect(describe(Call(request)) == row.call)
    }

    @Test("every action has its name", arguments: ActionName.allCases)
    func names(action: ActionName) {
        let request = HTTPRequest(
            id: "id", method: .post, path: "/",
            headers: HTTPHeaders([("X-Amz-Target", "AmazonSQS.\(action.rawValue)")]))
        #expect(describe(Call(request)) == "json \(action.rawValue)")
    }

    @Test func `nine of the 23 actions have no output`() {
        #expect(ActionName.allCases.count == 23)
        #expect(ActionName.allCases.filter { !$0.hasOutput }.count == 9)
    }
}
