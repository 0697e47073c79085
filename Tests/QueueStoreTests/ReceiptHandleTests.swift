import QueueModel
import QueueStore
import TestSupport
import Testing

/// What a receipt handle still does, by the state of its message: the matrix of the reference, 4.3, and the bounds of
/// 4.4.
struct ReceiptHandleTests {
    /// What became of the message after the receive that gave the handle.
    enum Fate: CaseIterable {
        case inFlight, extended, visibleAgain, returned, receivedAgain, deleted, expired, purged, moved
    }

    enum Answer: Equatable {
        case done
        case expiredHandle
        case notAvailable
    }

    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    /// A queue with one message, a handle of it, and the message's fate.
    private func prepare(_ fate: Fate, fifo: Bool) throws -> (QueueName, ReceivedMessage) {
        let suffix = fifo ? ".fifo" : ""
        let dead = try fixture.createQueue("dead\(suffix)")
        var attributes = redrive(to: dead, after: fate == .moved ? 1 : 100)
        attributes["MessageRetentionPeriod"] = "60"
        let queue = try fixture.createQueue("q\(suffix)", attributes)
        try fixture.send("a", to: queue, group: fifo ? "g" : nil, deduplicationID: fifo ? "d" : nil)
        let message = try fixture.receive(from: queue)[0]
        switch fate {
        case .inFlight: fixture.advance(milliseconds: 29_999)
        case .extended:
            try fixture.changeVisibility(of: message, in: queue, to: 40)
            fixture.advance(seconds: 35)
        case .visibleAgain: fixture.advance(seconds: 30)
        case .returned: try fixture.changeVisibility(of: message, in: queue, to: 0)
        case .receivedAgain:
            fixture.advance(seconds: 30)
            try fixture.makeDueVisible()
            #expect(try fixture.receive(from: queue).count == 1)
        case .deleted: try fixture.delete(message, from: queue)
        case .expired: fixture.advance(seconds: 60)
        case .purged: try fixture.perform(PurgeQueue(name: queue))
        case .moved:
            fixture.advance(seconds: 30)
            try fixture.makeDueVisible()
            #expect(try fixture.receive(from: queue).isEmpty)
            #expect(try fixture.counts(dead) == [1, 0, 0])
        }
        if fate != .visibleAgain { try fixture.makeDueVisible() }
        return (queue, message)
    }

    private func answer(_ body: () throws -> Void) throws -> Answer {
        do {
            try body()
            return .done
        } catch let error as QueueError where error == .receiptHandleExpired("handle") {
            return .expiredHandle
        } catch let error as QueueError where error == .messageNotAvailable("handle") {
            return .notAvailable
        }
    }

    @Test("a handle deletes on a standard queue whatever its age", arguments: Fate.allCases)
    func deleteStandard(fate: Fate) throws {
        let (queue, message) = try prepare(fate, fifo: false)
        #expect(try answer { try fixture.delete(message, from: queue) } == .done)
        fixture.advance(seconds: 45)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).isEmpty)
    }

    @Test("a handle changes the visibility on a standard queue while its message is there", arguments: Fate.allCases)
    func changeStandard(fate: Fate) throws {
        let (queue, message) = try prepare(fate, fifo: false)
        let gone: Set<Fate> = [.deleted, .expired, .purged, .moved]
        let expected: Answer = gone.contains(fate) ? .notAvailable : .done
        #expect(try answer { try fixture.changeVisibility(of: message, in: queue, to: 20) } == expected)
        guard expected == .done else { return }
        #expect(try fixture.counts(queue) == [0, 1, 0])
        fixture.advance(milliseconds: 19_999)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).isEmpty)
        fixture.advance(milliseconds: 1)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).count == 1)
    }

    @Test("a handle deletes on a FIFO queue while its receive lasts", arguments: Fate.allCases)
    func deleteFIFO(fate: Fate) throws {
        let (queue, message) = try prepare(fate, fifo: true)
        let ended: Set<Fate> = [.visibleAgain, .returned, .receivedAgain]
        #expect(
            try answer { try fixture.delete(message, from: queue) } == (ended.contains(fate) ? .expiredHandle : .done))
    }

    @Test("a handle changes the visibility on a FIFO queue while its receive lasts", arguments: Fate.allCases)
    func changeFIFO(fate: Fate) throws {
        let (queue, message) = try prepare(fate, fifo: true)
        let lasting: Set<Fate> = [.inFlight, .extended]
        #expect(
            try answer { try fixture.changeVisibility(of: message, in: queue, to: 20) }
                == (lasting.contains(fate) ? .done : .notAvailable))
    }

    @Test("another queue's handle is refused", arguments: [false, true])
    func otherQueue(fifo: Bool) throws {
        let (_, message) = try prepare(.inFlight, fifo: fifo)
        let other = try fixture.createQueue(fifo ? "other.fifo" : "other")
        let error = QueueError.receiptHandleOfAnotherQueue(handle: "handle")
        #expect(throws: error) { try fixture.delete(message, from: other) }
        #expect(throws: error) { try fixture.changeVisibility(of: message, in: other, to: 0) }
    }

    @Test func `an old handle set to zero makes the message visible though a newer receive hides it`() throws {
        let (queue, message) = try prepare(.receivedAgain, fifo: false)
        try fixture.changeVisibility(of: message, in: queue, to: 0)
        #expect(try fixture.receive(from: queue)[0].receiveCount == 3)
    }

    @Test func `each handle of a batch succeeds or fails alone`() throws {
        let queue = try fixture.createQueue("q")
        for body in ["a", "b", "c"] { try fixture.send(body, to: queue) }
        let messages = try fixture.receive(from: queue)
        try fixture.delete(messages[1], from: queue)
        let changes = messages.map { ChangeMessageVisibility.Change($0.presented, timeoutSeconds: 0) }
        let changed = try fixture.perform(ChangeMessageVisibility(in: queue, changes))
        #expect(changed.map { (try? $0.get()) != nil } == [true, false, true])
        let other = try fixture.createQueue("other")
        try fixture.send("d", to: other)
        let foreign = try fixture.receive(from: other)[0]
        let handles = [messages[0].presented, foreign.presented, messages[2].presented]
        let deleted = try fixture.perform(DeleteMessages(from: queue, handles))
        #expect(deleted.map { (try? $0.get()) != nil } == [true, false, true])
        #expect(try fixture.counts(queue) == [0, 0, 0])
        #expect(try fixture.counts(other) == [0, 1, 0])
    }

    @Test func `a batch deletes what it names and nothing that was sent between`() throws {
        let queue = try fixture.createQueue("q")
        let other = try fixture.createQueue("other")
        for body in ["a", "b", "c", "d", "e", "f"] {
            try fixture.send(body, to: queue)
            if body != "b" { try fixture.send("beside \(body)", to: other) }
        }
        let messages = try fixture.receive(from: queue, timeout: 0)
        // a and c stand apart from each other, e and f have one of another queue between them, and e comes twice.
        let handles = [0, 2, 4, 5, 4].map { messages[$0].presented }
        let deleted = try fixture.perform(DeleteMessages(from: queue, handles))
        #expect(deleted.allSatisfy { (try? $0.get()) != nil })
        #expect(try fixture.receiveTexts(from: queue) == ["b", "d"])
        #expect(try fixture.counts(queue) == [0, 2, 0])
        #expect(try fixture.receive(from: other).count == 5)
        try fixture.checkInvariants()
    }

    @Test func `a batch on a FIFO queue deletes what its handles still hold`() throws {
        let queue = try fixture.createQueue("q.fifo", ["ContentBasedDeduplication": "true"])
        for body in ["a", "b", "c"] { try fixture.send(body, to: queue, group: "g") }
        let stale = try fixture.receive(from: queue, timeout: 0)
        let messages = try fixture.receive(from: queue)
        // A handle that is out of date does no harm once its message is gone by another of the same batch.
        let handles = [messages[0], stale[0], stale[1], messages[2]].map(\.presented)
        let deleted = try fixture.perform(DeleteMessages(from: queue, handles))
        #expect(deleted.map { (try? $0.get()) != nil } == [true, true, false, true])
        #expect(try fixture.counts(queue) == [0, 1, 0])
        try fixture.checkInvariants()
    }

    // MARK: Twelve hours

    @Test func `twelve hours right after a receive are granted, with a second's grace`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        let message = try fixture.receive(from: queue)[0]
        try fixture.changeVisibility(of: message, in: queue, to: 43_200)
        fixture.advance(seconds: 1)
        try fixture.changeVisibility(of: message, in: queue, to: 43_200)
        fixture.advance(milliseconds: 1)
        #expect(
            throws: QueueError.invalidValue(
                43_200, of: "VisibilityTimeout",
                reason: "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
        ) { try fixture.changeVisibility(of: message, in: queue, to: 43_200) }
    }

    @Test func `extending does not start the twelve hours anew, receiving again does`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        let first = try fixture.receive(from: queue)[0]
        try fixture.changeVisibility(of: first, in: queue, to: 40_000)
        fixture.advance(seconds: 30_000)
        #expect(throws: (any Error).self) { try fixture.changeVisibility(of: first, in: queue, to: 14_000) }
        try fixture.changeVisibility(of: first, in: queue, to: 13_200)
        try fixture.changeVisibility(of: first, in: queue, to: 0)
        let second = try fixture.receive(from: queue)[0]
        try fixture.changeVisibility(of: second, in: queue, to: 43_200)
    }

    // MARK: Seals

    @Test("a sealed handle opens to itself with the same key only", arguments: [(0, 72), (6, 84)])
    func sealed(group: Int64, length: Int) {
        let handle = ReceiptHandle(
            queue: QueueID(1), backlog: BacklogID(2), message: SequenceNumber(3), group: GroupNumber(group),
            receiveCount: 4, receivedAt: Timestamp(milliseconds: 5))
        let sealer = ReceiptHandleSealer(key: [UInt8](repeating: 7, count: 32))
        let text = sealer.seal(handle)
        #expect(text.count == length)
        #expect(sealer.open(text) == handle)
        #expect(ReceiptHandleSealer(key: [UInt8](repeating: 8, count: 32)).open(text) == nil)
        #expect(sealer.open([]) == nil)
        #expect(sealer.open(Array("garbage".utf8)) == nil)
        for index in text.indices {
            var altered = text
            altered[index] = altered[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(sealer.open(altered) == nil, "altered at \(index)")
        }
    }

    @Test func `the key that seals handles is kept across restarts, and each file has its own`() throws {
        let key = fixture.store.receiptHandleKey
        #expect(key.count == 32)
        try fixture.reopen()
        #expect(fixture.store.receiptHandleKey == key)
        #expect(try StoreFixture(seed: 2).store.receiptHandleKey != key)
    }
}
