import QueueModel
import QueueStore
import TestSupport
import Testing

/// Order, group locking and the turns of the groups. Reference: 2.18, 5.2, 7.1, 7.3, 7.4, 7.6.
struct FIFOTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q.fifo")
    }

    /// Sends messages named by their group and number: "g1-m1".
    private func send(_ names: String...) throws {
        for name in names {
            try fixture.send(name, to: queue, group: String(name.prefix(2)), deduplicationID: name)
        }
    }

    private func receive(_ limit: Int = 10, timeout: Int? = nil) throws -> [String] {
        try fixture.receiveTexts(from: queue, limit, timeout: timeout)
    }

    // MARK: Required identifiers

    @Test(
        "a message needs a group, and a deduplication id where content does not serve",
        arguments: [(false, QueueError.missingParameter("MessageGroupId")), (true, Self.noGroupInBatch)])
    func requiredIdentifiers(isBatch: Bool, noGroup: QueueError) throws {
        let good = OutgoingMessage("a", group: "g", deduplicationID: "d")
        func send(_ bad: OutgoingMessage) throws {
            let messages = isBatch ? [good, bad] : [bad]
            try fixture.perform(SendMessages(to: queue, messages, isBatch: isBatch))
        }
        #expect(throws: noGroup) { try send(OutgoingMessage("a")) }
        #expect(throws: noGroup) { try send(OutgoingMessage("a", deduplicationID: "d")) }
        #expect(
            throws: QueueError.invalidParameter(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                    + "explicitly")
        ) { try send(OutgoingMessage("a", group: "g")) }
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    private static let noGroupInBatch = QueueError.invalidParameter(
        "The request must contain the parameter MessageGroupId.")

    @Test func `a message's own delay is refused unless it is zero, which is no delay of its own`() throws {
        let error = QueueError.invalidValue(
            5, of: "DelaySeconds", reason: "The request include parameter that is not valid for this queue type.")
        #expect(throws: error) { try fixture.send("a", to: queue, delay: 5, group: "g", deduplicationID: "1") }
        try fixture.setAttributes(of: queue, ["DelaySeconds": "10"])
        try fixture.send("b", to: queue, delay: 0, group: "g", deduplicationID: "2")
        #expect(try fixture.counts(queue) == [0, 0, 1])
    }

    // MARK: Group locking

    @Test func `a group with its head in flight is blocked, also for later messages; others are not`() throws {
        try send("g1-m1", "g1-m2", "g2-m1")
        #expect(try receive(1) == ["g1-m1"])
        try send("g1-m3")
        #expect(try receive() == ["g2-m1"])
        #expect(try receive() == [])
        #expect(try fixture.counts(queue) == [2, 2, 0])
    }

    @Test func `a receive drains a group before it takes the next`() throws {
        try send("g1-m1", "g2-m1", "g1-m2", "g1-m3")
        #expect(try receive() == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"])
    }

    @Test func `what one group is given touches none of the messages that other groups sent in between`() throws {
        try send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g2-m3", "g1-m4")
        #expect(try receive(3) == ["g1-m1", "g1-m2", "g1-m3"])
        #expect(try fixture.counts(queue) == [4, 3, 0])
        let others = try fixture.receive(from: queue)
        #expect(others.map(\.text) == ["g2-m1", "g2-m2", "g2-m3"])
        #expect(others.map(\.receiveCount) == [1, 1, 1])
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        #expect(try fixture.receive(from: queue).map(\.receiveCount) == [2, 2, 2, 1, 2, 2, 2])
    }

    @Test func `expired messages within a group are left out of what it is given`() throws {
        try fixture.setAttributes(of: queue, ["MessageRetentionPeriod": "60"])
        try send("g1-m1", "g2-m1", "g1-m2")
        fixture.advance(seconds: 59)
        try send("g2-m2", "g1-m3", "g2-m3", "g1-m4")
        fixture.advance(seconds: 1)
        #expect(try receive() == ["g1-m3", "g1-m4", "g2-m2", "g2-m3"])
        #expect(try fixture.counts(queue) == [0, 4, 0])
    }

    @Test func `deleting some of a received batch keeps the rest blocked`() throws {
        try send("g1-m1", "g1-m2", "g1-m3")
        let received = try fixture.receive(from: queue, 2)
        try fixture.delete(received[0], from: queue)
        #expect(try receive() == [])
        try fixture.delete(received[1], from: queue)
        #expect(try receive() == ["g1-m3"])
    }

    /// The handles of these messages, in this order.
    private func handles(_ names: [String], of received: [ReceivedMessage]) -> [PresentedHandle] {
        names.compactMap { name in received.first { $0.text == name }?.presented }
    }

    @Test(
        "a batch deletes what it names, and nothing that stands between or was sent between",
        arguments: [
            ["g1-m1", "g1-m2", "g1-m3"],
            ["g1-m2", "g1-m3", "g1-m4"],
            ["g1-m1", "g1-m2", "g1-m3", "g1-m5"],
            ["g1-m1", "g1-m3", "g1-m5"],
            ["g1-m5", "g1-m4", "g1-m3", "g1-m2", "g1-m1"],
            ["g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m2", "g2-m3", "g2-m4"],
            ["g2-m1", "g1-m1", "g2-m2", "g1-m2", "g2-m3", "g1-m3", "g2-m4", "g1-m4", "g2-m5", "g1-m5"],
            ["g1-m1", "g1-m1", "g1-m2", "g1-m3", "g1-m4", "g1-m2"],
        ])
    func batchOfDeletes(names: [String]) throws {
        for number in 1...6 { try send("g1-m\(number)", "g2-m\(number)") }
        let received = try fixture.receive(from: queue, 6) + fixture.receive(from: queue, 6)
        let delete = DeleteMessages(from: queue, handles(names, of: received))
        for result in try fixture.perform(delete) { try result.get() }
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        let left = try receive(12)
        for group in ["g1", "g2"] {
            let expected = (1...6).map { "\(group)-m\($0)" }.filter { !names.contains($0) }
            #expect(left.filter { $0.hasPrefix(group) } == expected)
        }
    }

    @Test func `an old handle in a batch fails alone, amidst the messages of its group`() throws {
        try send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g2-m3", "g1-m4")
        let old = try fixture.receive(from: queue, 4)
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        _ = try fixture.receive(from: queue, 3)
        let new = try fixture.receive(from: queue, 4)
        var presented = handles(["g1-m1", "g1-m2", "g1-m3", "g1-m4"], of: new)
        presented[1] = PresentedHandle(old[1].handle, text: "old")
        let results = try fixture.perform(DeleteMessages(from: queue, presented))
        #expect(throws: QueueError.receiptHandleExpired("old")) { try results[1].get() }
        for index in [0, 2, 3] { try results[index].get() }
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        #expect(try receive().filter { $0.hasPrefix("g1") } == ["g1-m2"])
    }

    @Test func `a batch deletes what is left of a group whose first message is gone`() throws {
        try send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g2-m3", "g1-m4")
        let received = try fixture.receive(from: queue, 4)
        try fixture.delete(received[0], from: queue)
        for result in try fixture.perform(DeleteMessages(from: queue, received.map(\.presented))) { try result.get() }
        #expect(try fixture.counts(queue) == [3, 0, 0])
        #expect(try receive() == ["g2-m1", "g2-m2", "g2-m3"])
    }

    @Test func `a batch leaves the expired messages of a group to the sweep`() throws {
        try fixture.setAttributes(of: queue, ["MessageRetentionPeriod": "60"])
        try send("g1-m1", "g2-m1", "g1-m2", "g2-m2")
        fixture.advance(seconds: 59)
        try send("g1-m3", "g2-m3", "g1-m4")
        let received = try fixture.receive(from: queue, 4)
        fixture.advance(seconds: 1)
        for result in try fixture.perform(DeleteMessages(from: queue, received.map(\.presented))) { try result.get() }
        #expect(try fixture.counts(queue) == [3, 2, 0])
        try fixture.removeExpired(from: queue)
        #expect(try receive() == ["g2-m3"])
    }

    @Test func `a batch deletes nothing of what a purge has taken away or brought since`() throws {
        try send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3")
        let received = try fixture.receive(from: queue, 3)
        try fixture.perform(PurgeQueue(name: queue))
        try send("g1-n1", "g2-n1", "g1-n2", "g2-n2", "g1-n3")
        for result in try fixture.perform(DeleteMessages(from: queue, received.map(\.presented))) { try result.get() }
        #expect(try receive() == ["g1-n1", "g1-n2", "g1-n3", "g2-n1", "g2-n2"])
    }

    @Test func `handles of a group that went and came again delete nothing of it`() throws {
        try send("g1-m1", "g1-m2")
        let old = try fixture.receive(from: queue, 2)
        for result in try fixture.perform(DeleteMessages(from: queue, old.map(\.presented))) { try result.get() }
        try send("g1-m3", "g1-m4")
        let new = try fixture.receive(from: queue, 2)
        for result in try fixture.perform(DeleteMessages(from: queue, old.map(\.presented))) { try result.get() }
        #expect(try fixture.counts(queue) == [0, 2, 0])
        for result in try fixture.perform(DeleteMessages(from: queue, new.map(\.presented))) { try result.get() }
        #expect(try fixture.counts(queue) == [0, 0, 0])
    }

    @Test func `a handle from before groups were in it serves while it hides its message`() throws {
        try send("g1-m1", "g2-m1", "g1-m2")
        let received = try fixture.receive(from: queue, 2)
        let other = try fixture.receive(from: queue, 1)[0].presentedWithoutGroup
        let old = received.map(\.presentedWithoutGroup)
        for result in try fixture.perform(ChangeMessageVisibility(in: queue, [.init(old[1], timeoutSeconds: 60)])) {
            try result.get()
        }
        for result in try fixture.perform(DeleteMessages(from: queue, [old[0], received[1].presented])) {
            try result.get()
        }
        #expect(try fixture.counts(queue) == [0, 1, 0])
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        let changes = [other, old[0]].map { ChangeMessageVisibility.Change($0, timeoutSeconds: 60) }
        let changed = try fixture.perform(ChangeMessageVisibility(in: queue, changes))
        #expect(throws: QueueError.receiptHandleExpired("old")) { try changed[0].get() }
        #expect(throws: QueueError.messageNotAvailable("old")) { try changed[1].get() }
        let deleted = try fixture.perform(DeleteMessages(from: queue, [other, old[0]]))
        #expect(throws: QueueError.receiptHandleExpired("old")) { try deleted[0].get() }
        try deleted[1].get()
        #expect(try receive() == ["g2-m1"])
        #expect(throws: QueueError.receiptHandleExpired("old")) {
            try fixture.perform(DeleteMessages(from: queue, [other]))[0].get()
        }
    }

    @Test func `deleting the last one in flight is news to those who wait`() throws {
        try send("g1-m1", "g1-m2")
        let received = try fixture.receive(from: queue, 1)
        let delete = DeleteMessages(from: queue, [received[0].presented])
        let id = try fixture.id(of: queue)
        #expect(try fixture.batch { _ = $0.perform(delete) }.availableQueues == [id])
    }

    @Test func `deleting out of order does not let later messages pass`() throws {
        try send("g1-m1", "g1-m2", "g1-m3", "g1-m4")
        let received = try fixture.receive(from: queue, 3)
        try fixture.delete(received[1], from: queue)
        #expect(try receive() == [])
        try fixture.changeVisibility(of: received[0], in: queue, to: 0)
        #expect(try receive() == ["g1-m1"])
    }

    @Test func `the first of two in flight made visible is the only one to come`() throws {
        try send("g1-m1", "g1-m2", "g1-m3")
        let received = try fixture.receive(from: queue, 2)
        try fixture.changeVisibility(of: received[0], in: queue, to: 0)
        #expect(try receive() == ["g1-m1"])
    }

    @Test func `the second of two in flight made visible does not come`() throws {
        try send("g1-m1", "g1-m2", "g1-m3")
        let received = try fixture.receive(from: queue, 2)
        try fixture.changeVisibility(of: received[1], in: queue, to: 0)
        #expect(try receive() == [])
    }

    @Test(
        "of three received, extending one lets those before it come again",
        arguments: [(0, []), (1, ["g1-m1"]), (2, ["g1-m1", "g1-m2"])])
    func extended(index: Int, deliverable: [String]) throws {
        try send("g1-m1", "g1-m2", "g1-m3")
        let received = try fixture.receive(from: queue)
        try fixture.changeVisibility(of: received[index], in: queue, to: 100)
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        #expect(try receive() == deliverable)
    }

    @Test func `a message that comes again keeps its place and its number`() throws {
        try send("g1-m1", "g1-m2")
        let first = try fixture.receive(from: queue)
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        try send("g1-m3")
        let second = try fixture.receive(from: queue)
        #expect(second.map(\.text) == ["g1-m1", "g1-m2", "g1-m3"])
        #expect(second.prefix(2).map(\.sequenceNumber) == first.map(\.sequenceNumber))
    }

    @Test func `the order holds while the sweep has come to only some of a group`() throws {
        try send("g1-m1", "g1-m2", "g1-m3")
        let received = try fixture.receive(from: queue)
        try fixture.changeVisibility(of: received[1], in: queue, to: 20)
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible(limit: 1)
        #expect(try receive() == [])
        try fixture.makeDueVisible(limit: 1)
        try fixture.makeDueVisible(limit: 1)
        #expect(try receive() == ["g1-m1", "g1-m2", "g1-m3"])
    }

    @Test func `a group that was empty works like a new one`() throws {
        try send("g1-m1")
        try fixture.delete(try fixture.receive(from: queue)[0], from: queue)
        try send("g1-m2", "g1-m3")
        #expect(try receive() == ["g1-m2", "g1-m3"])
    }

    @Test func `a receive with timeout zero does not lock the group`() throws {
        try send("g1-m1", "g1-m2")
        #expect(try receive(1, timeout: 0) == ["g1-m1"])
        #expect(try receive(timeout: 0) == ["g1-m1", "g1-m2"])
    }

    @Test func `order and locks are as they were after a crash`() throws {
        try send("g1-m1", "g1-m2", "g2-m1", "g2-m2")
        #expect(try receive(1) == ["g1-m1"])
        try fixture.crash()
        #expect(try receive() == ["g2-m1", "g2-m2"])
        fixture.advance(seconds: 30)
        try fixture.makeDueVisible()
        try fixture.crash()
        #expect(try receive() == ["g1-m1", "g1-m2", "g2-m1", "g2-m2"])
    }

    // MARK: Turns of the groups

    @Test func `groups that were received go behind the others`() throws {
        try send("g1-m1", "g1-m2", "g2-m1", "g2-m2", "g3-m1")
        #expect(try receive(3, timeout: 0) == ["g1-m1", "g1-m2", "g2-m1"])
        #expect(try receive(timeout: 0) == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"])
    }

    @Test func `a group unlocked by a visibility change comes after one that waited`() throws {
        try send("g1-m1", "g2-m1")
        let received = try fixture.receive(from: queue, 1)
        try fixture.changeVisibility(of: received[0], in: queue, to: 0)
        #expect(try receive() == ["g2-m1", "g1-m1"])
    }

    @Test func `turns are kept across a restart`() throws {
        try send("g1-m1", "g2-m1", "g3-m1")
        #expect(try receive(2, timeout: 0) == ["g1-m1", "g2-m1"])
        try fixture.reopen()
        #expect(try receive(timeout: 0) == ["g3-m1", "g1-m1", "g2-m1"])
    }

    // MARK: Delay

    @Test func `a delayed head blocks those behind it`() throws {
        try fixture.setAttributes(of: queue, ["DelaySeconds": "10"])
        try send("g1-m1")
        fixture.advance(seconds: 5)
        try send("g1-m2")
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try receive() == ["g1-m1"])
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try receive() == [])
        #expect(try fixture.counts(queue) == [1, 1, 0])
    }

    @Test func `a new delay applies to messages that are still delayed`() throws {
        try fixture.setAttributes(of: queue, ["DelaySeconds": "100"])
        try send("g1-m1", "g2-m1")
        fixture.advance(seconds: 10)
        try send("g3-m1")
        try fixture.setAttributes(of: queue, ["DelaySeconds": "15"])
        fixture.advance(seconds: 5)
        try fixture.makeDueVisible()
        #expect(try receive() == ["g1-m1", "g2-m1"])
        let id = try fixture.id(of: queue)
        let change = SetQueueAttributes(name: queue, attributes: try QueueAttributeChanges(["DelaySeconds": "0"]))
        #expect(try fixture.batch { _ = $0.perform(change) }.availableQueues == [id])
        #expect(try receive() == ["g3-m1"])
    }

    @Test("a new delay reaches all that are delayed, however many", arguments: [100, 50, 200, 900])
    func newDelay(seconds: Int) throws {
        try fixture.setAttributes(of: queue, ["DelaySeconds": "100"])
        let other = try fixture.createQueue("other.fifo", ["DelaySeconds": "200"])
        for step in 0..<4 {
            let messages = (0..<300).map { OutgoingMessage("a", group: "g\($0)", deduplicationID: "\(step) \($0)") }
            for queue in [queue, other] { try fixture.perform(SendMessages(to: queue, messages, isBatch: true)) }
            fixture.advance(milliseconds: 100)
        }
        try fixture.setAttributes(of: queue, ["DelaySeconds": "\(seconds)"])
        try fixture.changeDelays()
        fixture.advance(milliseconds: Int64(seconds) * 1000 - 401)
        try fixture.makeDueVisible(limit: 5_000)
        #expect(try fixture.counts(queue) == [0, 0, 1_200])
        fixture.advance(milliseconds: 101)
        try fixture.makeDueVisible(limit: 5_000)
        #expect(try fixture.counts(queue) == [600, 0, 600])
        fixture.advance(milliseconds: 200)
        try fixture.makeDueVisible(limit: 5_000)
        #expect(try fixture.counts(queue) == [1_200, 0, 0])
        #expect(try fixture.counts(other).reduce(0, +) == 1_200)
    }

    // MARK: Sequence numbers

    @Test func `sequence numbers rise, across a reopening and a crash too`() throws {
        var numbers: [SequenceNumber] = []
        for round in 0..<6 {
            for number in 1...3 {
                let sent = try fixture.send(
                    "a", to: queue, group: "g\(number)", deduplicationID: "\(round)-\(number)")
                numbers.append(try #require(sent.sequenceNumber))
            }
            if round % 2 == 0 { try fixture.reopen() } else { try fixture.crash() }
        }
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0.text.count == 20 })
    }

    @Test func `numbers of a failed batch are not given out again`() throws {
        try send("g1-m1")
        let bad = SetQueueAttributes(name: queue, attributes: try QueueAttributeChanges(["FifoQueue": "false"]))
        let send = SendMessages(
            to: queue, [OutgoingMessage("a", group: "g", deduplicationID: "x")], isBatch: false)
        try fixture.batch {
            _ = $0.perform(bad)
            _ = $0.perform(send)
            _ = $0.perform(bad)
        }
        try self.send("g2-m1")
        let numbers = try fixture.receive(from: queue).compactMap(\.sequenceNumber)
        #expect(Set(numbers).count == 3)
    }
}
