import JSON
import QueueModel
import Testing

/// The statements that AddPermission and RemovePermission write into the policy of a queue. Reference: 8.1.
struct PermissionTests {
    private let queue = QueueName(account: "000000000000", region: "us-east-1", name: "q")
    private static let account = "111111111111"

    private func permission(
        _ label: String = "label", accounts: [String] = [account], actions: [String] = ["ReceiveMessage"]
    ) throws -> Permission {
        try Permission(label: label, accounts: accounts, actions: actions)
    }

    private func adding(_ labels: [String], to document: String? = nil) throws -> String {
        var document = document
        for label in labels { document = try Policy.adding(try permission(label), to: document, of: queue) }
        return try #require(document)
    }

    private func labels(of document: String) throws -> [String?] {
        let policy = try JSONValue(parsing: Array(document.utf8))
        return try #require(policy["Statement"]?.array).map { $0["Sid"]?.text }
    }

    // MARK: The document

    @Test func `the first permission makes a policy`() throws {
        let expected =
            #"{"Version":"2008-10-17","Id":"arn:aws:sqs:us-east-1:000000000000:q/SQSDefaultPolicy","Statement":["#
            + #"{"Sid":"label","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"#
            + #""Action":"SQS:ReceiveMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:q"}]}"#
        #expect(try adding(["label"]) == expected)
    }

    @Test func `several accounts and actions are lists, and all actions are a star`() throws {
        let document = try Policy.adding(
            try permission(accounts: ["111111111111", "222222222222"], actions: ["*", "SendMessage"]), to: nil,
            of: queue)
        let statement = try JSONValue(parsing: Array(document.utf8))["Statement"]?.array?.first
        #expect(
            statement?["Principal"]?["AWS"]?.array?.map(\.text) == [
                "arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root",
            ])
        #expect(statement?["Action"]?.array?.map(\.text) == ["SQS:*", "SQS:SendMessage"])
    }

    @Test func `accounts belong to the partition of the queue`() throws {
        let queue = QueueName(account: "000000000000", region: "cn-north-1", name: "q")
        #expect(try Policy.adding(try permission(), to: nil, of: queue).contains("arn:aws-cn:iam::111111111111:root"))
    }

    @Test func `each permission appends a statement to what is there`() throws {
        let own = #"{"Version":"2012-10-17","Statement":{"Sid":"own","Effect":"Deny"},"Extra":1}"#
        let document = try adding(["one", "two"], to: own)
        #expect(try labels(of: document) == ["own", "one", "two"])
        #expect(document.hasPrefix(#"{"Version":"2012-10-17","Statement":["#))
        #expect(document.hasSuffix(#""Extra":1}"#))
    }

    @Test func `removing takes out the statement of the label, and with the last one the policy`() throws {
        let document = try adding(["one", "two"])
        let rest = try #require(try Policy.removing(label: "one", from: document))
        #expect(try labels(of: rest) == ["two"])
        #expect(try Policy.removing(label: "two", from: rest) == nil)
    }

    // MARK: Refusals

    private func invalid(_ value: String, _ parameter: String, _ reason: String) -> QueueError {
        .invalidParameter("Value \(value) for parameter \(parameter) is invalid. Reason: \(reason)")
    }

    @Test func `a label is used once`() throws {
        let document = try adding(["one"])
        #expect(throws: invalid("one", "Label", "Already exists.")) { try adding(["one"], to: document) }
    }

    @Test func `an unknown label cannot be removed`() throws {
        let document = try adding(["one"])
        let error = invalid("two", "Label", "can't find label.")
        #expect(throws: error) { try Policy.removing(label: "two", from: document) }
        #expect(throws: error) { try Policy.removing(label: "two", from: nil) }
    }

    @Test(arguments: ["", "a b", "ä", "a.b", String(repeating: "a", count: 81)])
    func `a label has 1 to 80 letters, digits, hyphens and underscores`(label: String) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        #expect(throws: invalid(label, "Label", reason)) { try permission(label) }
    }

    @Test(arguments: ["a", "-_09AZ", String(repeating: "a", count: 80)])
    func `a good label is taken`(label: String) throws {
        #expect(try permission(label).label == label)
    }

    @Test(arguments: [
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    ])
    func `actions on messages can be granted`(action: String) throws {
        #expect(try permission(actions: [action]).actions == [action])
    }

    @Test(arguments: [
        "AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueues",
        "ListQueueTags", "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
    ])
    func `actions of the owner cannot be granted`(action: String) {
        let reason = "Only the queue owner is allowed to invoke this action."
        #expect(throws: invalid("SQS:\(action)", "ActionName", reason)) {
            try permission(actions: ["SendMessage", action])
        }
    }

    @Test(arguments: ["", "sendmessage", "SQS:SendMessage", "SendMessageBatch", "Fly"])
    func `what is no action cannot be granted`(action: String) {
        let reason = "Please refer to the appropriate WSDL for a list of valid actions."
        #expect(throws: invalid("SQS:\(action)", "ActionName", reason)) { try permission(actions: [action]) }
    }

    @Test func `somebody and something must be named`() {
        #expect(throws: invalid("[]", "PrincipalId", "Unable to verify.")) { try permission(accounts: []) }
        #expect(throws: invalid("[12, x]", "PrincipalId", "Unable to verify.")) {
            try permission(accounts: ["12", Self.account, "x"])
        }
        #expect(throws: QueueError.missingParameter("Actions")) { try permission(actions: []) }
    }

    @Test func `a permission grants at most 7 actions`() throws {
        let actions = [
            "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
            "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
        ]
        #expect(try permission(actions: Array(actions.prefix(7))).actions.count == 7)
        #expect(throws: QueueError.overLimit(message: "8 Actions were found, maximum allowed is 7.")) {
            try permission(actions: actions)
        }
    }

    @Test func `a policy has at most 20 statements`() throws {
        let document = try adding((1...20).map { "label\($0)" })
        #expect(throws: QueueError.overLimit(message: "21 Statements were found, maximum allowed is 20.")) {
            try adding(["one-more"], to: document)
        }
    }

    @Test func `a policy names at most 50 principals`() throws {
        let accounts = (0..<25).map { String(100_000_000_000 + $0) }
        var document = try Policy.adding(try permission("one", accounts: accounts), to: nil, of: queue)
        document = try Policy.adding(try permission("two", accounts: accounts), to: document, of: queue)
        #expect(throws: QueueError.overLimit(message: "51 Principals were found, maximum allowed is 50.")) {
            try adding(["three"], to: document)
        }
    }

    @Test func `a policy has at most 8192 bytes`() throws {
        let long = #"{"Statement":[{"Sid":"own"}],"Note":"\#(String(repeating: "a", count: 8100))"}"#
        #expect(throws: QueueError.self) { try adding(["one"], to: long) }
    }
}
