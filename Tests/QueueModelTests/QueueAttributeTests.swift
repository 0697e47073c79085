import Testing

@testable import QueueModel

/// Attributes of queues: ranges, errors, and what they have to do with each other. Reference: 2.5, 2.24, 8.2, 8.3.
struct QueueAttributeTests {
    private static let standard = QueueName(account: "000000000000", region: "us-east-1", name: "q")

    private var fifoSettings: QueueSettings {
        var settings = QueueSettings()
        settings.isFIFO = true
        return settings
    }

    /// The settings after a change of attributes.
    private func settings(
        _ attributes: [String: String], from start: QueueSettings = QueueSettings()
    ) throws -> QueueSettings {
        var settings = start
        try QueueAttributeChanges(attributes).apply(to: &settings, of: Self.standard)
        return settings
    }

    private func value(_ attribute: String, _ value: String, from start: QueueSettings = QueueSettings()) throws
        -> String?
    {
        try settings([attribute: value], from: start).value(of: try QueueAttribute(named: attribute))
    }

    // MARK: Numbers

    private static let ranges: [(String, ClosedRange<Int>)] = [
        ("DelaySeconds", 0...900), ("MaximumMessageSize", 1024...1_048_576),
        ("MessageRetentionPeriod", 60...1_209_600), ("ReceiveMessageWaitTimeSeconds", 0...20),
        ("VisibilityTimeout", 0...43_200),
    ]

    @Test("numbers are accepted to both ends of their range", arguments: ranges)
    func inRange(attribute: String, range: ClosedRange<Int>) throws {
        for number in [range.lowerBound, range.upperBound] {
            #expect(try value(attribute, "\(number)") == "\(number)")
        }
    }

    @Test("numbers beyond their range, and what is no integer, are refused", arguments: ranges)
    func outOfRange(attribute: String, range: ClosedRange<Int>) {
        let wrong = ["", " ", "x", "1.5", "1e3", "0x10", "99999999999999999999", "\(range.lowerBound) "]
        for text in wrong + ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"] {
            #expect(
                throws: QueueError.invalidAttributeValue(message: "Invalid value for the parameter \(attribute)."),
                "\(attribute) \(text)"
            ) { try value(attribute, text) }
        }
    }

    @Test func `numbers are compared and shown by their value`() throws {
        #expect(try value("VisibilityTimeout", "0030") == "30")
    }

    // MARK: Names

    @Test("unknown attributes are refused by name", arguments: ["Unknown", "", "visibilityTimeout", "All"])
    func unknown(name: String) {
        #expect(throws: QueueError.invalidAttributeName(message: "Unknown Attribute \(name).")) {
            try QueueAttributeChanges([name: "1"])
        }
        guard name != "All" else { return }
        #expect(throws: QueueError.invalidAttributeName(message: "Unknown Attribute \(name).")) {
            try QueueAttribute.requested([name])
        }
    }

    @Test(
        "read-only attributes cannot be set",
        arguments: [
            "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
        ])
    func readOnly(name: String) {
        #expect(throws: QueueError.invalidAttributeName(message: "Unknown Attribute \(name).")) {
            try settings([name: "1"])
        }
    }

    @Test func `all spells out every attribute`() throws {
        #expect(try QueueAttribute.requested(["VisibilityTimeout", "All"]) == QueueAttribute.allCases)
        #expect(try QueueAttribute.requested([]).isEmpty)
        #expect(QueueAttribute.allCases.count == 21)
        #expect(try QueueAttribute.requested(["QueueArn", "Policy", "QueueArn"]) == [.queueARN, .policy])
    }

    // MARK: FIFO

    @Test(
        "attributes of FIFO queues are refused on standard ones",
        arguments: [
            ("FifoQueue", "true", "Unknown Attribute FifoQueue."),
            ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
            ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
            ("ContentBasedDeduplication", "false", "Unknown Attribute ContentBasedDeduplication."),
            (
                "DeduplicationScope", "queue",
                "You can specify the DeduplicationScope only when FifoQueue is set to true."
            ),
            (
                "FifoThroughputLimit", "perQueue",
                "You can specify the FifoThroughputLimit only when FifoQueue is set to true."
            ),
        ])
    func fifoOnly(attribute: String, value: String, message: String) throws {
        #expect(throws: QueueError.invalidAttributeName(message: message)) { try settings([attribute: value]) }
    }

    @Test func `a standard queue cannot be created with any value of FifoQueue`() throws {
        let changes = try QueueAttributeChanges(["FifoQueue": "False"])
        #expect(throws: QueueError.unknownAttribute("FifoQueue")) {
            try changes.settingsOfNewQueue(Self.standard)
        }
    }

    @Test func `the type of a FIFO queue stays`() throws {
        #expect(try settings(["FifoQueue": "TRUE"], from: fifoSettings) == fifoSettings)
        #expect(
            throws: QueueError.invalidAttributeValue(
                message: "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.")
        ) { try settings(["FifoQueue": "false"], from: fifoSettings) }
    }

    @Test("booleans are read in any case and shown in lower", arguments: ["true", "True", "TRUE", "tRuE"])
    func booleans(text: String) throws {
        #expect(try value("ContentBasedDeduplication", text, from: fifoSettings) == "true")
        #expect(try QueueAttributeChanges(["FifoQueue": text]).createsFIFO())
    }

    @Test("other texts are no booleans", arguments: ["", "1", "yes", " true", "t"])
    func noBooleans(text: String) throws {
        for attribute in ["ContentBasedDeduplication", "SqsManagedSseEnabled", "FifoQueue"] {
            #expect(throws: QueueError.badAttributeValue(attribute)) {
                try settings([attribute: text], from: fifoSettings)
            }
        }
    }

    @Test func `a throughput limit by group needs deduplication by group`() throws {
        let refused = QueueError.invalidAttributeValue(
            message: "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup"
        )
        let limit = ["FifoThroughputLimit": "perMessageGroupId"]
        #expect(throws: refused) { try settings(limit, from: fifoSettings) }
        let scoped = try settings(["DeduplicationScope": "messageGroup"], from: fifoSettings)
        let both = try settings(limit, from: scoped)
        #expect(both.fifoThroughputLimit == .perMessageGroupID)
        #expect(try settings(limit.merging(["DeduplicationScope": "messageGroup"]) { $1 }, from: fifoSettings) == both)
        #expect(throws: refused) { try settings(["DeduplicationScope": "queue"], from: both) }
        #expect(
            try settings(["DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"], from: both)
                == fifoSettings)
    }

    @Test("other scopes and limits are refused", arguments: ["DeduplicationScope", "FifoThroughputLimit"])
    func otherValues(attribute: String) {
        for value in ["", "Queue", "perqueue", "messagegroup"] {
            #expect(throws: QueueError.badAttributeValue(attribute)) {
                try settings([attribute: value], from: fifoSettings)
            }
        }
    }

    // MARK: Encryption

    /// Enabled, key, reuse period as shown.
    private func encryption(_ settings: QueueSettings) -> [String?] {
        [.sqsManagedSSEEnabled, .kmsMasterKeyID, .kmsDataKeyReusePeriodSeconds].map { settings.value(of: $0) }
    }

    @Test(
        "the attributes of encryption exclude each other",
        arguments: [
            ([[:]], ["true", nil, nil]),
            ([["KmsMasterKeyId": "k"]], ["false", "k", "300"]),
            ([["KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "60"]], ["false", "k", "60"]),
            ([["KmsMasterKeyId": "k"], ["KmsDataKeyReusePeriodSeconds": "86400"]], ["false", "k", "86400"]),
            ([["KmsMasterKeyId": "k"], ["KmsMasterKeyId": ""]], ["false", nil, nil]),
            ([["KmsMasterKeyId": "k"], ["SqsManagedSseEnabled": "true"]], ["true", nil, nil]),
            ([["KmsMasterKeyId": "k"], ["SqsManagedSseEnabled": "false"]], ["false", "k", "300"]),
            ([["SqsManagedSseEnabled": "false"]], ["false", nil, nil]),
            ([["SqsManagedSseEnabled": "false"], ["SqsManagedSseEnabled": "TRUE"]], ["true", nil, nil]),
            ([["KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"]], ["true", nil, nil]),
            ([["KmsMasterKeyId": "k", "SqsManagedSseEnabled": "false"]], ["false", "k", "300"]),
            (
                [
                    ["KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "60"], ["SqsManagedSseEnabled": "true"],
                    ["KmsMasterKeyId": "l"],
                ], ["false", "l", "300"]
            ),
        ] as [([[String: String]], [String?])])
    func encryption(steps: [[String: String]], shown: [String?]) throws {
        var current = QueueSettings()
        for step in steps { current = try settings(step, from: current) }
        #expect(encryption(current) == shown)
    }

    @Test func `values that are longer than any that makes sense are refused`() throws {
        let policy = #"{"redrivePermission":"denyAll"}"#
        for (attribute, value, limit) in [("KmsMasterKeyId", "k", 2048), ("RedriveAllowPolicy", policy, 8192)] {
            let longest = value + String(repeating: " ", count: limit - value.utf8.count)
            _ = try settings([attribute: longest])
            #expect(throws: QueueError.badAttributeValue(attribute)) { try settings([attribute: longest + " "]) }
        }
    }

    @Test func `two kinds of encryption at once are refused`() {
        #expect(
            throws: QueueError.invalidAttributeName(
                message: "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS "
                    + "SSE or SQS SSE.")
        ) { try settings(["KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"]) }
    }

    @Test("reuse periods beyond their range are refused", arguments: ["59", "86401", "x", ""])
    func reusePeriod(text: String) {
        #expect(throws: QueueError.badAttributeValue("KmsDataKeyReusePeriodSeconds")) {
            try settings(["KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": text])
        }
    }

    // MARK: Policy

    @Test func `a policy is kept without its white space and removed by an empty value`() throws {
        let policy = "{ \"Version\" : \"2012-10-17\",\n \"Statement\" : [ { \"Sid\" : \"a b\" } ] }"
        let kept = try settings(["Policy": policy])
        #expect(kept.policy == "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a b\"}]}")
        #expect(try settings(["Policy": ""], from: kept).policy == nil)
        #expect(try settings(["Policy": ""]).policy == nil)
    }

    @Test(
        "what is no policy is refused",
        arguments: ["x", "[]", "\"a\"", "{}", "{\"Statement\":1}", "{\"Statement\":[]", tooLong])
    func noPolicy(text: String) {
        #expect(throws: QueueError.badAttributeValue("Policy")) { try settings(["Policy": text]) }
    }

    private static let tooLong = "{\"Statement\":[],\"Id\":\"\(String(repeating: "x", count: 8192))\"}"

    @Test func `policies are compared by their meaning`() {
        #expect(Policy.isSame("{\"Statement\":[],\"Id\":\"a\"}", "{ \"Id\":\"\\u0061\", \"Statement\":[]}"))
        #expect(!Policy.isSame("{\"Statement\":[]}", "{\"Statement\":[{}]}"))
    }

    // MARK: What is shown

    @Test func `a description shows what applies to its queue`() {
        let description = QueueDescription(
            name: Self.standard, settings: QueueSettings(), createdAt: Timestamp(milliseconds: 1_999),
            modifiedAt: Timestamp(milliseconds: 2_000),
            counts: MessageCounts(visible: 1, inFlight: 2, delayed: 3))
        let shown = QueueAttribute.allCases.compactMap { name in
            description.value(of: name).map { "\(name.rawValue)=\($0)" }
        }
        #expect(
            shown == [
                "ApproximateNumberOfMessages=1", "ApproximateNumberOfMessagesDelayed=3",
                "ApproximateNumberOfMessagesNotVisible=2", "CreatedTimestamp=1", "LastModifiedTimestamp=2",
                "QueueArn=arn:aws:sqs:us-east-1:000000000000:q", "DelaySeconds=0", "MaximumMessageSize=1048576",
                "MessageRetentionPeriod=345600", "ReceiveMessageWaitTimeSeconds=0", "VisibilityTimeout=30",
                "SqsManagedSseEnabled=true",
            ])
    }

    @Test func `a FIFO queue shows four attributes more`() {
        let settings = fifoSettings
        let shown = [QueueAttribute.fifoQueue, .contentBasedDeduplication, .deduplicationScope, .fifoThroughputLimit]
            .map { settings.value(of: $0) }
        #expect(shown == ["true", "false", "queue", "perQueue"])
    }
}
