import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// Messages that are handed out in the batch in which they were sent, before they are in their tables.
struct ArrivalTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q")
    }

    /// Sends and receives in one batch. In it the messages wait to be written until something looks at their tables.
    private func sendAndReceive(
        _ messages: [OutgoingMessage], limits: [Int] = [10], timeout: Int? = nil
    ) throws -> (sent: [SentMessage], received: [[ReceivedMessage]]) {
        var sent: [SentMessage] = []
        var received: [[ReceivedMessage]] = []
        var statements: [String] = []
        try fixture.batch { transaction in
            sent =
                (try? transaction.perform(SendMessages(to: queue, messages, isBatch: true)).get())?
                .compactMap { try? $0.get() } ?? []
            for limit in limits {
                let receive = ReceiveMessages(from: queue, limit: limit, visibilityTimeoutSeconds: timeout)
                received.append((try? transaction.perform(receive).get()) ?? [])
            }
            statements = transaction.database.keptSQL
        }
        #expect(timeout == 0 || statements.allSatisfy { !$0.contains("JOIN message_body") })
        return (sent, received)
    }

    @Test func `a message received as it is sent is what it would be later`() throws {
        var message = OutgoingMessage("hello\r\n\"ö\"")
        message.attributes = [1, 2, 3]
        message.traceHeader = "Root=1"
        let (sent, received) = try sendAndReceive([message])
        let first = try #require(received[0].first)
        #expect(first.id == sent[0].id)
        #expect(try fixture.counts(queue) == [0, 1, 0])
        try fixture.crash()
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        let second = try #require(try fixture.receive(from: queue).first)
        let handle = ReceiptHandle(
            queue: second.handle.queue, backlog: second.handle.backlog, message: second.handle.message, group: .none,
            receiveCount: 1, receivedAt: second.firstReceivedAt)
        let expected = ReceivedMessage(
            id: second.id, handle: handle, body: second.body, bodyMD5: second.bodyMD5, attributes: second.attributes,
            traceHeader: second.traceHeader, sentAt: second.sentAt, firstReceivedAt: second.firstReceivedAt,
            receiveCount: 1, groupID: second.groupID, deduplicationID: second.deduplicationID,
            sequenceNumber: second.sequenceNumber, deadLetterSourceARN: second.deadLetterSourceARN,
            isOverdue: false)
        #expect(first == expected)
        #expect(second.receiveCount == 2)
        #expect(first.body == message.body && first.attributes == [1, 2, 3] && first.traceHeader == "Root=1")
    }

    @Test("each receive takes what the others left", arguments: [1, 3, 7, 8, 9, 20])
    func severalReceives(count: Int) throws {
        let messages = (1...count).map { OutgoingMessage("\($0)") }
        let (_, received) = try sendAndReceive(messages, limits: [2, 3, 1])
        let texts = received.flatMap { $0.map(\.text) }
        #expect(texts == (1...count).prefix(6).map(String.init))
        #expect(received.map(\.count) == [min(count, 2), min(max(count - 2, 0), 3), min(max(count - 5, 0), 1)])
        #expect(try fixture.counts(queue) == [max(count - 6, 0), min(count, 6), 0])
        for message in received.joined() { try fixture.delete(message, from: queue) }
        #expect(try fixture.receiveTexts(from: queue, 20) == (1...count).dropFirst(6).map(String.init))
    }

    @Test func `receives among sends take in the order of the sends`() throws {
        var texts: [[String]] = []
        try fixture.batch { transaction in
            for (bodies, limit) in [(["1", "2", "3"], 2), (["4"], 1), (["5", "6"], 1), ([], 1), (["7"], 10)] {
                let messages = bodies.map { OutgoingMessage($0) }
                _ = transaction.perform(SendMessages(to: queue, messages, isBatch: true))
                let received = try? transaction.perform(ReceiveMessages(from: queue, limit: limit)).get()
                texts.append(received?.map(\.text) ?? [])
            }
        }
        #expect(texts == [["1", "2"], ["3"], ["4"], ["5"], ["6", "7"]])
        #expect(try fixture.counts(queue) == [0, 7, 0])
    }

    @Test func `what was there before comes first`() throws {
        try fixture.send("before", to: queue)
        var texts: [[String]] = []
        let send = SendMessages(to: queue, [OutgoingMessage("now")], isBatch: false)
        try fixture.batch { transaction in
            _ = transaction.perform(send)
            for _ in 1...2 {
                let received = try? transaction.perform(ReceiveMessages(from: queue, limit: 1)).get()
                texts.append(received?.map(\.text) ?? [])
            }
        }
        #expect(texts == [["before"], ["now"]])
        #expect(try fixture.counts(queue) == [0, 2, 0])
    }

    @Test func `a message of a group waits for its turn behind what was sent before it`() throws {
        let grouped = OutgoingMessage("grouped", group: "g")
        var texts: [String] = []
        let send = SendMessages(to: queue, [OutgoingMessage("1"), grouped, OutgoingMessage("2")], isBatch: true)
        try fixture.batch { transaction in
            _ = transaction.perform(send)
            texts = (try? transaction.perform(ReceiveMessages(from: queue, limit: 10)).get().map(\.text)) ?? []
        }
        #expect(texts == ["1", "grouped", "2"])
    }

    @Test func `with a timeout of zero it is there for the next`() throws {
        let (_, received) = try sendAndReceive([OutgoingMessage("a")], limits: [1, 1], timeout: 0)
        #expect(received.map { $0.map(\.receiveCount) } == [[1], [2]])
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    @Test func `it can be deleted, returned and hidden in the same batch`() throws {
        let names = ["deleted", "returned", "hidden"]
        let send = SendMessages(to: queue, names.map { OutgoingMessage($0) }, isBatch: true)
        try fixture.batch { transaction in
            _ = transaction.perform(send)
            guard let received = try? transaction.perform(ReceiveMessages(from: queue, limit: 3)).get() else { return }
            _ = transaction.perform(DeleteMessages(from: queue, [received[0].presented]))
            _ = transaction.perform(ReturnMessages(to: queue, [received[1]]))
            let change = ChangeMessageVisibility.Change(received[2].presented, timeoutSeconds: 60)
            _ = transaction.perform(ChangeMessageVisibility(in: queue, [change]))
        }
        #expect(try fixture.counts(queue) == [1, 1, 0])
        #expect(try fixture.receiveTexts(from: queue) == ["returned"])
        fixture.advance(seconds: 60)
        try fixture.makeDueVisible()
        #expect(try Set(fixture.receiveTexts(from: queue)) == ["returned", "hidden"])
    }

    @Test func `of two queues each is given its own`() throws {
        let other = try fixture.createQueue("other")
        var texts: [[String]] = []
        try fixture.batch { transaction in
            for (name, body) in [(queue, "a1"), (other, "b1"), (queue, "a2")] {
                _ = transaction.perform(SendMessages(to: name, [OutgoingMessage(body)], isBatch: false))
            }
            for name in [other, queue, other] {
                let received = try? transaction.perform(ReceiveMessages(from: name, limit: 10)).get()
                texts.append(received?.map(\.text) ?? [])
            }
        }
        #expect(texts == [["b1"], ["a1", "a2"], []])
        #expect(try fixture.counts(queue) == [0, 2, 0])
        #expect(try fixture.counts(other) == [0, 1, 0])
    }
}
