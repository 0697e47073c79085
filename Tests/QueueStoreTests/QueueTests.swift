import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// Creating, changing, finding and deleting queues. Reference: 2.5, 2.8, 2.11, 2.14, 2.20, 2.22 to 2.25.
struct QueueTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    // MARK: Create

    @Test func `a new queue has the default attributes`() throws {
        let queue = try fixture.createQueue("q")
        let description = try fixture.description(of: queue)
        #expect(description.settings == QueueSettings())
        #expect(description.createdAt == fixture.now)
        #expect(description.modifiedAt == fixture.now)
        #expect(description.counts == MessageCounts())
    }

    @Test func `every writable attribute is kept across a restart`() throws {
        try fixture.createQueue("dead.fifo")
        let attributes = [
            "DelaySeconds": "1", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "61",
            "ReceiveMessageWaitTimeSeconds": "2", "VisibilityTimeout": "3", "KmsMasterKeyId": "key",
            "KmsDataKeyReusePeriodSeconds": "600", "Policy": "{\"Statement\":[]}", "SqsManagedSseEnabled": "false",
            "RedrivePolicy":
                "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead.fifo\",\"maxReceiveCount\":4}",
            "RedriveAllowPolicy": "{\"redrivePermission\":\"denyAll\"}", "ContentBasedDeduplication": "true",
            "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId", "FifoQueue": "true",
        ]
        let queue = try fixture.createQueue("q.fifo", attributes)
        try fixture.reopen()
        let settings = try fixture.description(of: queue).settings
        for (name, value) in attributes {
            #expect(settings.value(of: try QueueAttribute(named: name)) == value, "\(name)")
        }
    }

    @Test(
        "a queue is found again by attributes it has",
        arguments: [
            [:], ["VisibilityTimeout": "40"], ["VisibilityTimeout": "040"], ["DelaySeconds": "0"],
            ["SqsManagedSseEnabled": "FALSE"], ["KmsMasterKeyId": "key"], ["KmsDataKeyReusePeriodSeconds": "600"],
            ["Policy": "{ \"Statement\" : [ ] }"], ["RedriveAllowPolicy": "{ \"redrivePermission\" : \"denyAll\" }"],
        ])
    func foundAgain(attributes: [String: String]) throws {
        let created = [
            "VisibilityTimeout": "40", "KmsMasterKeyId": "key", "KmsDataKeyReusePeriodSeconds": "600",
            "Policy": "{\"Statement\":[]}", "RedriveAllowPolicy": "{\"redrivePermission\":\"denyAll\"}",
        ]
        try fixture.createQueue("q", created)
        let before = try fixture.description(of: try fixture.createQueue("q"))
        fixture.advance(seconds: 5)
        #expect(try fixture.description(of: try fixture.createQueue("q", attributes)) == before)
    }

    @Test(
        "a queue of that name with another value of an attribute is refused, naming the first",
        arguments: [
            (["VisibilityTimeout": "41"], "VisibilityTimeout"), (["DelaySeconds": "1"], "DelaySeconds"),
            (["DelaySeconds": "1", "VisibilityTimeout": "41"], "DelaySeconds"),
            (["SqsManagedSseEnabled": "false"], "SqsManagedSseEnabled"), (["KmsMasterKeyId": "k"], "KmsMasterKeyId"),
            (["Policy": "{\"Statement\":[]}"], "Policy"),
            (["RedriveAllowPolicy": "{\"redrivePermission\":\"denyAll\"}"], "RedriveAllowPolicy"),
        ])
    func refusedWithOtherValue(attributes: [String: String], named: String) throws {
        try fixture.createQueue("q", ["VisibilityTimeout": "40"])
        #expect(throws: QueueError.queueNameExists(attribute: named)) { try fixture.createQueue("q", attributes) }
    }

    @Test func `a repeated create compares with what was set meanwhile`() throws {
        let queue = try fixture.createQueue("q", ["VisibilityTimeout": "40"])
        try fixture.setAttributes(of: queue, ["VisibilityTimeout": "50"])
        try fixture.createQueue("q", ["VisibilityTimeout": "50"])
        #expect(throws: QueueError.queueNameExists(attribute: "VisibilityTimeout")) {
            try fixture.createQueue("q", ["VisibilityTimeout": "40"])
        }
    }

    @Test func `a repeated create of a FIFO queue compares only what it mentions`() throws {
        let attributes = ["DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"]
        try fixture.createQueue("q.fifo", attributes)
        try fixture.createQueue("q.fifo", ["FifoThroughputLimit": "perMessageGroupId"])
        try fixture.createQueue("q.fifo", ["DeduplicationScope": "messageGroup"])
        #expect(throws: QueueError.queueNameExists(attribute: "DeduplicationScope")) {
            try fixture.createQueue("q.fifo", ["DeduplicationScope": "queue"])
        }
    }

    @Test func `tags of a repeated create are neither compared nor added`() throws {
        let queue = try fixture.createQueue("q", tags: ["a": "1"])
        try fixture.createQueue("q", tags: ["a": "2", "b": "3"])
        #expect(try fixture.read(ListQueueTags(name: queue)).map { [$0.key, $0.value] } == [["a", "1"]])
    }

    @Test func `names are case-sensitive, and each region and account has its own`() throws {
        let upper = try fixture.createQueue("Q")
        let lower = try fixture.createQueue("q")
        let abroad = try fixture.createQueue("q", region: "eu-west-1")
        try fixture.send("one", to: lower)
        #expect(try fixture.counts(upper) == [0, 0, 0])
        #expect(try fixture.counts(lower) == [1, 0, 0])
        #expect(try fixture.counts(abroad) == [0, 0, 0])
        #expect(throws: QueueError.queueDoesNotExist) {
            try fixture.description(of: QueueName(account: "111111111111", region: "us-east-1", name: "q"))
        }
    }

    @Test func `a name that only looks like that of a queue names none`() throws {
        let queue = try fixture.createQueue("Kelvin")
        try fixture.send("one", to: queue)
        let sign = QueueName(account: queue.account, region: queue.region, name: "\u{212A}elvin")
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(DeleteQueue(name: sign)) }
        #expect(throws: (any Error).self) { try fixture.createQueue(sign.name) }
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    @Test func `a create that is refused leaves nothing behind`() throws {
        let queue = QueueName(account: "000000000000", region: "us-east-1", name: "q")
        #expect(throws: (any Error).self) { try fixture.createQueue("q", ["VisibilityTimeout": "x"]) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.description(of: queue) }
        let tooMany = Dictionary(uniqueKeysWithValues: (1...51).map { ("k\($0)", "v") })
        #expect(throws: QueueError.invalidParameter("Too many tags added for queue q.")) {
            try fixture.createQueue("q", tags: tooMany)
        }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.description(of: queue) }
    }

    // MARK: Delete

    @Test func `a deleted queue is gone with its messages and tags`() throws {
        let queue = try fixture.createQueue("q", tags: ["a": "1"])
        try fixture.send("one", to: queue)
        try fixture.perform(DeleteQueue(name: queue))
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.send("two", to: queue) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.read(FindQueue(name: queue)) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(DeleteQueue(name: queue)) }
        fixture.advance(seconds: 60)
        try fixture.createQueue("q")
        #expect(try fixture.receive(from: queue).isEmpty)
        #expect(try fixture.read(ListQueueTags(name: queue)).isEmpty)
    }

    @Test func `a deleted queue's name is blocked for sixty seconds, also across a restart`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.perform(DeleteQueue(name: queue))
        fixture.advance(milliseconds: 59_999)
        try fixture.crash()
        #expect(throws: QueueError.queueDeletedRecently) { try fixture.createQueue("q") }
        fixture.advance(milliseconds: 1)
        try fixture.createQueue("q")
    }

    @Test func `with relaxed limits a deleted queue's name is free at once`() throws {
        let relaxed = try StoreFixture(strictLimits: false)
        let queue = try relaxed.createQueue("q")
        try relaxed.perform(DeleteQueue(name: queue))
        try relaxed.createQueue("q")
    }

    @Test func `a handle of a deleted queue is of no use in the next of that name`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("one", to: queue)
        let message = try fixture.receive(from: queue)[0]
        try fixture.perform(DeleteQueue(name: queue))
        fixture.advance(seconds: 60)
        try fixture.createQueue("q")
        #expect(throws: QueueError.receiptHandleOfAnotherQueue(handle: "handle")) {
            try fixture.delete(message, from: queue)
        }
    }

    @Test func `names of deleted queues are forgotten when they may be used again`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.perform(DeleteQueue(name: queue))
        #expect(try fixture.removeExpiredRecords() == SweepResult(count: 0, nextDue: fixture.now.adding(seconds: 60)))
        fixture.advance(seconds: 60)
        #expect(try fixture.removeExpiredRecords() == SweepResult(count: 1, nextDue: nil))
    }

    // MARK: Attributes

    @Test func `a change of attributes is made at once and changes the time of modification`() throws {
        let queue = try fixture.createQueue("q")
        let created = fixture.now
        fixture.advance(seconds: 7)
        try fixture.setAttributes(of: queue, ["VisibilityTimeout": "5", "DelaySeconds": "6"])
        let description = try fixture.description(of: queue)
        #expect(description.settings.visibilityTimeoutSeconds == 5)
        #expect(description.settings.delaySeconds == 6)
        #expect(description.createdAt == created)
        #expect(description.modifiedAt == fixture.now)
    }

    @Test func `a change with one bad attribute changes nothing`() throws {
        let queue = try fixture.createQueue("q")
        let before = try fixture.description(of: queue)
        fixture.advance(seconds: 7)
        #expect(throws: QueueError.badAttributeValue("VisibilityTimeout")) {
            try fixture.setAttributes(of: queue, ["DelaySeconds": "6", "VisibilityTimeout": "43201"])
        }
        #expect(try fixture.description(of: queue) == before)
    }

    @Test func `a change without attributes is refused`() throws {
        let queue = try fixture.createQueue("q")
        #expect(throws: QueueError.missingParameter("Attribute.Name")) { try fixture.setAttributes(of: queue, [:]) }
    }

    @Test func `messages neither change the time of modification nor the attributes`() throws {
        let queue = try fixture.createQueue("q")
        let before = try fixture.description(of: queue)
        fixture.advance(seconds: 7)
        try fixture.send("one", to: queue)
        let message = try fixture.receive(from: queue)[0]
        try fixture.delete(message, from: queue)
        try fixture.perform(PurgeQueue(name: queue))
        try fixture.perform(TagQueue(name: queue, tags: ["a": "b"]))
        #expect(try fixture.description(of: queue) == before)
    }

    // MARK: Tags

    @Test func `tags are set, overwritten and removed, and unknown keys passed over`() throws {
        let queue = try fixture.createQueue("q", tags: ["a": "1", "A": "2"])
        try fixture.perform(TagQueue(name: queue, tags: ["a": "3", "b": ""]))
        try fixture.perform(UntagQueue(name: queue, keys: ["A", "unknown"]))
        try fixture.reopen()
        let tags = try fixture.read(ListQueueTags(name: queue))
        #expect(tags.map { [$0.key, $0.value] } == [["a", "3"], ["b", ""]])
    }

    @Test func `a queue has at most fifty tags`() throws {
        let fifty = Dictionary(uniqueKeysWithValues: (1...50).map { ("k\($0)", "v") })
        let queue = try fixture.createQueue("q", tags: fifty)
        #expect(throws: QueueError.invalidParameter("Too many tags added for queue q.")) {
            try fixture.perform(TagQueue(name: queue, tags: ["k1": "new", "k51": "v"]))
        }
        #expect(try fixture.read(ListQueueTags(name: queue)).allSatisfy { $0.value == "v" })
        try fixture.perform(TagQueue(name: queue, tags: ["k1": "new"]))
    }

    // MARK: Listings

    @Test func `queues are listed by name, in pages, of one prefix, account and region`() throws {
        for name in ["b-2", "a", "b-1", "b", "B", "b-3", "c.fifo"] { try fixture.createQueue(name) }
        try fixture.createQueue("b-9", region: "eu-west-1")
        #expect(try list(prefix: "") == ["B", "a", "b", "b-1", "b-2", "b-3", "c.fifo"])
        #expect(try list(prefix: "b-") == ["b-1", "b-2", "b-3"])
        #expect(try list(prefix: "b-", limit: 2, hasMore: true) == ["b-1", "b-2"])
        #expect(try list(prefix: "b-", after: "b-2", limit: 2) == ["b-3"])
        #expect(try list(prefix: "b-", after: "b-1", limit: 2) == ["b-2", "b-3"])
        #expect(try list(prefix: "zz") == [])
    }

    private func list(
        prefix: String, after: String = "", limit: Int = 1000, hasMore: Bool = false
    ) throws -> [String] {
        let page = try fixture.read(
            ListQueues(account: "000000000000", region: "us-east-1", prefix: prefix, after: after, limit: limit))
        #expect(page.hasMore == hasMore)
        return page.items.map(\.name)
    }

    @Test func `sources of a dead-letter queue are listed in pages`() throws {
        let dead = try fixture.createQueue("dead")
        for name in ["s2", "s1", "s3"] { try fixture.createQueue(name, redrive(to: dead, after: 1)) }
        try fixture.createQueue("other")
        let first = try fixture.read(ListDeadLetterSourceQueues(name: dead, after: 0, limit: 2))
        #expect(first.items.map(\.name.name) == ["s2", "s1"])
        #expect(first.hasMore)
        let last = try #require(first.items.last)
        let second = try fixture.read(ListDeadLetterSourceQueues(name: dead, after: last.position, limit: 2))
        #expect(second.items.map(\.name.name) == ["s3"])
        #expect(!second.hasMore)
        #expect(throws: QueueError.queueDoesNotExist) {
            let missing = QueueName(account: "000000000000", region: "us-east-1", name: "missing")
            _ = try fixture.read(ListDeadLetterSourceQueues(name: missing, after: 0, limit: 2))
        }
    }
}

/// The attributes that send messages to a dead-letter queue after so many receives.
func redrive(to queue: QueueName, after receiveCount: Int) -> [String: String] {
    ["RedrivePolicy": "{\"deadLetterTargetArn\":\"\(queue.arn)\",\"maxReceiveCount\":\(receiveCount)}"]
}
