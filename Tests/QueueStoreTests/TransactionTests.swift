import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// Batches: operations that fail alone, and what a failed batch leaves.
struct TransactionTests {
    /// Does something of everything and then fails.
    struct Failing: WriteOperation {
        let queue: QueueName
        let error: any Error & Sendable

        func run(in transaction: WriteTransaction) throws {
            let messages = [OutgoingMessage("lost"), OutgoingMessage("lost too", group: "g")]
            _ = try SendMessages(to: queue, messages, isBatch: true).run(in: transaction)
            _ = try ReceiveMessages(from: queue, limit: 10).run(in: transaction)
            let attributes = try QueueAttributeChanges(["VisibilityTimeout": "1"])
            try SetQueueAttributes(name: queue, attributes: attributes).run(in: transaction)
            try PurgeQueue(name: queue).run(in: transaction)
            try CreateQueue(name: Self.other, attributes: try QueueAttributeChanges([:]), tags: [:])
                .run(in: transaction)
            throw error
        }

        static let other = QueueName(account: "000000000000", region: "us-east-1", name: "other")
    }

    struct Unexpected: Error {}

    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q")
    }

    private func send(_ body: String) -> SendMessages {
        SendMessages(to: queue, [OutgoingMessage(body)], isBatch: false)
    }

    @Test func `an operation that fails leaves nothing, and the others of its batch stay`() throws {
        let failing = Failing(queue: queue, error: QueueError.invalidBatchEntryID)
        let id = try fixture.id(of: queue)
        let news = try fixture.batch {
            #expect((try? $0.perform(send("before")).get()) != nil)
            guard case .failure(.invalidBatchEntryID) = $0.perform(failing) else {
                Issue.record("did not fail")
                return
            }
            #expect((try? $0.perform(send("after")).get()) != nil)
        }
        #expect(news.availableQueues == [id])
        #expect(news.changedQueues.isEmpty)
        #expect(!news.leftBacklogs)
        #expect(news.nextVisibleAt == nil)
        let description = try fixture.description(of: queue)
        #expect(description.counts == MessageCounts(visible: 2))
        #expect(description.settings == QueueSettings())
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.read(FindQueue(name: Failing.other)) }
        #expect(try fixture.receiveTexts(from: queue) == ["before", "after"])
    }

    @Test func `counts are right when operations of one batch fail one after another`() throws {
        let failing = Failing(queue: queue, error: QueueError.invalidBatchEntryID)
        for _ in 0..<3 {
            try fixture.batch {
                _ = $0.perform(failing)
                _ = $0.perform(failing)
                _ = $0.perform(send("a"))
                _ = $0.perform(failing)
                _ = $0.perform(ReceiveMessages(from: queue, limit: 1))
                _ = $0.perform(failing)
            }
        }
        #expect(try fixture.counts(queue) == [0, 3, 0])
    }

    @Test func `an error nobody foresaw fails its operation as one of the storage, and leaves nothing`() throws {
        let failing = Failing(queue: queue, error: Unexpected())
        try fixture.batch {
            _ = $0.perform(send("before"))
            guard case .failure(.storageFailed) = $0.perform(failing) else {
                Issue.record("did not fail as the storage")
                return
            }
        }
        #expect(try fixture.receiveTexts(from: queue) == ["before"])
    }

    @Test func `a queue created and deleted in one batch never was`() throws {
        let other = Failing.other
        let create = CreateQueue(name: other, attributes: try QueueAttributeChanges([:]), tags: ["a": "b"])
        try fixture.batch {
            _ = $0.perform(create)
            _ = $0.perform(SendMessages(to: other, [OutgoingMessage("a")], isBatch: false))
            _ = $0.perform(DeleteQueue(name: other))
            guard case .failure(.queueDoesNotExist) = $0.find(other) else {
                Issue.record("still there")
                return
            }
        }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.read(FindQueue(name: other)) }
        try fixture.emptyLeftBacklogs()
        #expect(throws: QueueError.queueDeletedRecently) { try fixture.createQueue("other") }
    }

    @Test func `a reader sees what was committed, never half a batch`() throws {
        try fixture.batch {
            _ = $0.perform(send("a"))
            #expect((try? fixture.counts(queue)) == [0, 0, 0])
            _ = $0.perform(send("b"))
        }
        #expect(try fixture.counts(queue) == [2, 0, 0])
    }

    @Test func `a health check commits`() throws {
        try fixture.perform(CheckHealth())
        try fixture.perform(CheckHealth())
    }

    @Test func `a missing queue fails every operation on it`() throws {
        let missing = QueueName(account: "000000000000", region: "us-east-1", name: "missing")
        let handle = PresentedHandle(
            ReceiptHandle(
                queue: QueueID(1), backlog: BacklogID(1), message: SequenceNumber(1), group: .none,
                receiveCount: 1, receivedAt: fixture.now), text: "handle")
        let none = try QueueAttributeChanges([:])
        #expect(throws: QueueError.queueDoesNotExist) {
            try fixture.perform(SendMessages(to: missing, [OutgoingMessage("a")], isBatch: false))
        }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.receive(from: missing) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(DeleteMessages(from: missing, [handle])) }
        #expect(throws: QueueError.queueDoesNotExist) {
            try fixture.perform(ChangeMessageVisibility(in: missing, [.init(handle, timeoutSeconds: 0)]))
        }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(PurgeQueue(name: missing)) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(DeleteQueue(name: missing)) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(TagQueue(name: missing, tags: [:])) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.perform(UntagQueue(name: missing, keys: [])) }
        #expect(throws: QueueError.queueDoesNotExist) {
            try fixture.perform(SetQueueAttributes(name: missing, attributes: none))
        }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.read(ListQueueTags(name: missing)) }
        #expect(throws: QueueError.queueDoesNotExist) { try fixture.description(of: missing) }
    }
}
