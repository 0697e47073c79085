import Testing

@testable import QueueModel

/// RedrivePolicy and RedriveAllowPolicy as clients write them. Reference: 6.1, 6.3.
struct RedrivePolicyTests {
    private static let arn = "arn:aws:sqs:us-east-1:000000000000:dead"
    private let source = QueueName(account: "000000000000", region: "us-east-1", name: "q")

    @Test("a count may be a number or its digits", arguments: ["5", "\"5\"", "1", "1000", "\"1000\""])
    func count(text: String) throws {
        let policy = try RedrivePolicy(
            json: "{\"maxReceiveCount\" : \(text), \"deadLetterTargetArn\":\"\(Self.arn)\"}", source: source)
        #expect(policy.target.name == "dead")
        let digits = text.filter(\.isNumber)
        #expect(policy.json == "{\"deadLetterTargetArn\":\"\(Self.arn)\",\"maxReceiveCount\":\(digits)}")
    }

    @Test(
        "counts that are refused, and how they are shown",
        arguments: [
            ("0", "0"), ("1001", "1001"), ("-1", "-1"), ("\"x\"", "x"), ("1.5", "1.5"), ("true", "true"),
            ("\"\"", ""),
        ])
    func badCount(text: String, shown: String) {
        let json = "{\"deadLetterTargetArn\":\"\(Self.arn)\",\"maxReceiveCount\":\(text)}"
        #expect(
            throws: invalid(
                json, "Invalid value for maxReceiveCount: \(shown), valid values are from 1 to 1000 both inclusive.")
        ) { try RedrivePolicy(json: json, source: source) }
    }

    @Test(
        "policies that are refused",
        arguments: [
            (
                "{\"maxReceiveCount\":5}",
                "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
            ),
            (
                "{\"deadLetterTargetArn\":\"\(arn)\"}",
                "Redrive policy does not contain mandatory attribute: maxReceiveCount."
            ),
            (
                "{\"deadLetterTargetArn\":\"\(arn)\",\"maxReceiveCount\":5,\"other\":1}",
                "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."
            ),
            (
                "{\"deadLetterTargetArn\":\"dead\",\"maxReceiveCount\":5}",
                "Dead-letter target ARN should be fully qualified ARN."
            ),
            (
                "{\"deadLetterTargetArn\":\"arn:aws:sns:us-east-1:000000000000:t\",\"maxReceiveCount\":5}",
                "Only SQS queues are valid resources for deadLetterTargetArn."
            ),
            (
                "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:111111111111:dead\",\"maxReceiveCount\":5}",
                "Dead-letter target owner should be same as the source."
            ),
        ])
    func refused(json: String, reason: String) {
        #expect(throws: invalid(json, reason)) { try RedrivePolicy(json: json, source: source) }
    }

    @Test("what is no JSON object is refused", arguments: ["x", "[]", "5", "{", "null"])
    func noObject(json: String) {
        #expect(
            throws: QueueError.invalidParameter(
                "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.")
        ) { try RedrivePolicy(json: json, source: source) }
    }

    private func invalid(_ json: String, _ reason: String) -> QueueError {
        .invalidParameter("Value \(json) for parameter RedrivePolicy is invalid. Reason: \(reason)")
    }

    // MARK: RedriveAllowPolicy

    private static func arns(_ count: Int) -> String { (0..<count).map { "\"arn\($0)\"" }.joined(separator: ",") }

    @Test(
        "who may use the queue",
        arguments: [
            ("{\"redrivePermission\":\"allowAll\"}", true),
            ("{\"redrivePermission\":\"denyAll\"}", false),
            (
                "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:sqs:us-east-1:000000000000:q\"]}",
                true
            ),
            ("{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\(arns(10))]}", false),
        ])
    func allows(json: String, isAllowed: Bool) throws {
        let policy = try RedriveAllowPolicy(json: json)
        #expect(policy.allows(source) == isAllowed)
        #expect(policy.json == json)
        #expect(try RedriveAllowPolicy(json: json.replacing(",", with: " ,\n ")).json == json)
    }

    @Test(
        "allow policies that are refused",
        arguments: [
            (
                "{\"redrivePermission\":\"byQueue\"}",
                ". When you specify the byQueue permission type, you must also specify one or more sourceQueueArns "
                    + "values."
            ),
            (
                "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[]}",
                ". When you specify the byQueue permission type, you must also specify one or more sourceQueueArns "
                    + "values."
            ),
            (
                "{\"redrivePermission\":\"allowAll\",\"sourceQueueArns\":[\"a\"]}",
                ". To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
            ),
            (
                "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\(arns(11))]}",
                ". The maximum number of source queue ARNs you can specify is 10."
            ),
        ])
    func refusedAllowPolicy(json: String, reason: String) {
        let cannot = "Amazon SQS can't create the redrive allow policy"
        #expect(
            throws: QueueError.invalidParameter(
                "Value \(json) for parameter RedriveAllowPolicy is invalid. Reason: \(cannot)\(reason)")
        ) { try RedriveAllowPolicy(json: json) }
    }

    @Test(
        "allow policies of another form are refused",
        arguments: [
            "x", "[]", "{\"other\":1}", "{}", "{\"redrivePermission\":\"some\"}", "{\"redrivePermission\":1}",
            "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":\"a\"}",
            "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[1]}",
        ])
    func unsupported(json: String) {
        #expect {
            try RedriveAllowPolicy(json: json)
        } throws: { error in
            guard case .invalidParameter(let message) = error as? QueueError else { return false }
            return message.hasSuffix("as it's in an unsupported format.") && message.contains("RedriveAllowPolicy")
        }
    }
}
