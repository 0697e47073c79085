import Testing

@testable import QueueModel

/// Names and ARNs of queues. Reference: 2.5, 9.2.
struct QueueNameTests {
    @Test(
        "names of standard queues",
        arguments: ["q", "Q", "a-b_C9", "-", "_", "0", String(repeating: "x", count: 80)])
    func standard(name: String) throws {
        try QueueName.validate(name, isFIFO: false)
    }

    @Test(
        "names no standard queue may have",
        arguments: [
            "a b", "a/b", "a.b", "q.fifo", "ä", "a\n", "a:b", "\u{0}", String(repeating: "x", count: 81),
        ])
    func notStandard(name: String) {
        #expect(
            throws: QueueError.invalidParameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        ) { try QueueName.validate(name, isFIFO: false) }
    }

    @Test("names of FIFO queues", arguments: ["q.fifo", "-.fifo", String(repeating: "x", count: 75) + ".fifo"])
    func fifo(name: String) throws {
        try QueueName.validate(name, isFIFO: true)
    }

    @Test(
        "names no FIFO queue may have",
        arguments: [
            "q", ".fifo", "q.FIFO", "q.fifo.", "a.b.fifo", "q.fifo ", "ä.fifo",
            String(repeating: "x", count: 76) + ".fifo",
        ])
    func notFIFO(name: String) {
        #expect(
            throws: QueueError.invalidParameter(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
                    + "with .fifo suffix and be 1 to 80 in length.")
        ) { try QueueName.validate(name, isFIFO: true) }
    }

    @Test("an empty name is told apart", arguments: [false, true])
    func empty(isFIFO: Bool) {
        #expect(throws: QueueError.invalidParameter("Queue name cannot be empty")) {
            try QueueName.validate("", isFIFO: isFIFO)
        }
    }

    @Test(
        "ARNs name their partition",
        arguments: [
            ("us-east-1", "arn:aws:sqs:us-east-1:123456789012:q"),
            ("cn-north-1", "arn:aws-cn:sqs:cn-north-1:123456789012:q"),
            ("us-gov-west-1", "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"),
        ])
    func arn(region: String, arn: String) throws {
        let name = QueueName(account: "123456789012", region: region, name: "q")
        #expect(name.arn == arn)
        #expect(try QueueName.parse(arn: arn).get() == name)
    }

    @Test(
        "what is no ARN of a queue",
        arguments: [
            ("", QueueName.ARNError.notFullyQualified), ("q", .notFullyQualified),
            ("arn:aws:sqs:us-east-1:123456789012", .notFullyQualified),
            ("arn:aws:sqs:us-east-1:123456789012:", .notFullyQualified),
            ("arn:aws:sqs::123456789012:q", .notFullyQualified),
            ("arn:aws:sqs:us-east-1::q", .notFullyQualified),
            ("arn:aws:sqs:us-east-1:123456789012:q:r", .notFullyQualified),
            ("urn:aws:sqs:us-east-1:123456789012:q", .notFullyQualified),
            (String(repeating: ":", count: 1_000_000), .notFullyQualified),
            ("arn:aws:sns:us-east-1:123456789012:t", .anotherService),
        ])
    func noARN(text: String, error: QueueName.ARNError) {
        #expect(throws: error) { try QueueName.parse(arn: text).get() }
    }
}
