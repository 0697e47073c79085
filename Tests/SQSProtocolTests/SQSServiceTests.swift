import HTTPServer
import Platform
import QueueModel
import Synchronization
import Testing

@testable import SQSProtocol

/// The way of a request through the service, with actions that only show what they were given.
struct SQSServiceTests {
    /// Answers with the queue and the context it got.
    private struct Echo: Action {
        static let name = ActionName.createQueue

        func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> String {
            let name = try parameters.requiredString("QueueName")
            if name == "broken" { throw Broken() }
            return name
        }

        func perform(
            _ name: String, _ context: RequestContext, _ completion: @escaping Completion<String>
        ) {
            completion(
                name == "exists"
                    ? .failure(.queueNameExists(attribute: "DelaySeconds"))
                    : .success("\(context.queueURL(context.queueName(name))) \(context.region)"))
        }

        func write(_ response: String, _ context: RequestContext, to result: inout some ResultWriter) {
            result.string("QueueUrl", response)
        }
    }

    private struct Broken: Error {}

    /// Succeeds if the request names the queue `q`.
    private struct Delete: Action {
        static let name = ActionName.deleteQueue

        func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> QueueName {
            try context.queueName(parameters)
        }

        func perform(
            _ queue: QueueName, _ context: RequestContext, _ completion: @escaping Completion<Void>
        ) {
            completion(queue.name == "q" ? .success(()) : .failure(.queueDoesNotExist))
        }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }

    private let log = Box<[String]>([])

    private func service(baseURL: String?) -> SQSService {
        let logger = Logger(sink: { [log] line in
            log.value.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        })
        var actions = ActionTable(logger: logger)
        actions.add(Echo())
        actions.add(Delete())
        return SQSService(SQSSettings(account: "000000000000", region: "us-east-1", baseURL: baseURL), actions)
    }

    private func answer(
        _ body: String, target: String? = nil, type: String? = nil, path: String = "/", baseURL: String? = nil,
        authorization: String? = nil
    ) throws -> (status: Int, headers: [String: String], body: String) {
        var headers = [(name: "Host", value: "127.0.0.1:8080")]
        if let target { headers.append(("X-Amz-Target", "AmazonSQS.\(target)")) }
        if let type { headers.append(("Content-Type", type)) }
        if let authorization { headers.append(("Authorization", authorization)) }
        let request = HTTPRequest(
            id: "the-id", method: .post, path: path, headers: HTTPHeaders(headers), body: Array(body.utf8),
            localPort: 8080)
        let answer = Box<HTTPResponse?>(nil)
        let exchange = HTTPExchange { response in answer.value.withLock { $0 = response } }
        service(baseURL: baseURL).handle(request, exchange)
        let response = try #require(answer.value.withLock { $0 })
        return (
            response.status, Dictionary(uniqueKeysWithValues: response.headers),
            String(decoding: response.body, as: UTF8.self)
        )
    }

    @Test func `a JSON request and its answer`() throws {
        let answer = try answer(#"{"QueueName":"q"}"#, target: "CreateQueue")
        #expect(answer.status == 200)
        #expect(answer.headers == ["Content-Type": "application/x-amz-json-1.0"])
        #expect(answer.body == #"{"QueueUrl":"http://127.0.0.1:8080/000000000000/q us-east-1"}"#)
    }

    @Test func `a Query request and its answer`() throws {
        let answer = try answer("Action=CreateQueue&QueueName=q")
        #expect(answer.status == 200)
        #expect(answer.headers == ["Content-Type": "text/xml"])
        let expected = """
            <?xml version="1.0"?><CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">\
            <CreateQueueResult><QueueUrl>http://127.0.0.1:8080/000000000000/q us-east-1</QueueUrl>\
            </CreateQueueResult><ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata>\
            </CreateQueueResponse>
            """
        #expect(answer.body == expected)
    }

    @Test func `the configured base URL and the region of the signature win`() throws {
        let answer = try answer(
            #"{"QueueName":"q"}"#, target: "CreateQueue", baseURL: "https://queues.example",
            authorization: "AWS4-HMAC-SHA256 Credential=AK/20260115/eu-west-1/sqs/aws4_request, Signature=0")
        #expect(answer.body == #"{"QueueUrl":"https://queues.example/000000000000/q eu-west-1"}"#)
    }

    @Test(arguments: ["", "eu:west", "eu\"west", "eu west"])
    func `a region that fits into no ARN is not taken from the signature`(region: String) throws {
        let answer = try answer(
            #"{"QueueName":"q"}"#, target: "CreateQueue",
            authorization: "AWS4-HMAC-SHA256 Credential=AK/20260115/\(region)/sqs/aws4_request, Signature=0")
        #expect(answer.body == #"{"QueueUrl":"http://127.0.0.1:8080/000000000000/q us-east-1"}"#)
    }

    @Test func `an action without output answers with nothing in JSON`() throws {
        let answer = try answer(#"{"QueueUrl":"http://elsewhere/1/q"}"#, target: "DeleteQueue")
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
    }

    @Test func `an error of the domain gets its form on the wire`() throws {
        let json = try answer(#"{"QueueName":"exists"}"#, target: "CreateQueue")
        #expect(json.status == 400)
        #expect(json.headers["x-amzn-query-error"] == "QueueAlreadyExists;Sender")
        #expect(json.body.hasPrefix(#"{"__type":"com.amazonaws.sqs#QueueNameExists","message":"A queue"#))
        let query = try answer("Action=CreateQueue&QueueName=exists")
        #expect(query.body.contains("<Code>QueueAlreadyExists</Code>"))
        #expect(query.body.contains("<RequestId>the-id</RequestId>"))
        #expect(log.value.withLock { $0 }.isEmpty)
    }

    @Test func `an unknown error is logged and not told`() throws {
        let answer = try answer(#"{"QueueName":"broken"}"#, target: "CreateQueue")
        #expect(answer.status == 500)
        #expect(answer.headers["x-amzn-query-error"] == "InternalFailure;Receiver")
        #expect(!answer.body.contains("Broken"))
        let lines = log.value.withLock { $0 }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("CreateQueue failed: Broken() request=the-id") == true)
    }

    @Test func `an empty body means no members`() throws {
        let answer = try answer("", target: "CreateQueue")
        #expect(answer.body.contains("The request must contain the parameter QueueName."))
    }

    @Test(
        "bodies that are no JSON object",
        arguments: [
            ("{", "The request is not valid JSON: unexpected end at byte 1."),
            ("[]", "Start of list found where not expected"), ("1", "NUMBER_VALUE can not be converted to a Structure"),
        ])
    func malformed(body: String, message: String) throws {
        let answer = try answer(body, target: "CreateQueue")
        #expect(answer.status == 400)
        #expect(answer.headers["x-amzn-query-error"] == "MalformedInput;Sender")
        #expect(
            answer.body == #"{"__type":"com.amazon.coral.service#SerializationException","message":"\#(message)"}"#)
    }

    @Test(
        "which queue a request is about",
        arguments: [
            ("Action=DeleteQueue&QueueUrl=q", "/", nil), ("Action=DeleteQueue", "/000000000000/q", nil),
            // The parameter wins over the path.
            ("Action=DeleteQueue&QueueUrl=http%3A%2F%2Fh%2F0%2Fq", "/0/other", nil),
            ("Action=DeleteQueue&QueueUrl=http://h/0/other", "/0/q", "AWS.SimpleQueueService.NonExistentQueue"),
            ("Action=DeleteQueue&QueueUrl=http://h/", "/", "AWS.SimpleQueueService.NonExistentQueue"),
            ("Action=DeleteQueue", "/", "InvalidAddress"), ("Action=DeleteQueue&QueueUrl=", "/", "InvalidAddress"),
        ] as [(String, String, String?)])
    func queueOfQuery(body: String, path: String, code: String?) throws {
        let answer = try answer(body, path: path)
        #expect(answer.headers["x-amzn-query-error"] == code.map { "\($0);Sender" })
        #expect(answer.status == (code == nil ? 200 : code == "InvalidAddress" ? 404 : 400))
    }

    @Test("a JSON request without a queue is about none that exists", arguments: ["{}", #"{"QueueUrl":""}"#])
    func queueOfJSON(body: String) throws {
        let answer = try answer(body, target: "DeleteQueue")
        #expect(answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender")
    }

    @Test func `a request without an action`() throws {
        let answer = try answer("x", type: "text/plain", path: "/000000000000/q")
        #expect(answer.status == 404)
        #expect(answer.headers == ["Content-Type": "text/xml"])
        #expect(answer.body == "<UnknownOperationException/>")
    }
}
