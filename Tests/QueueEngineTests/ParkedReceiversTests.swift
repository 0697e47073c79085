import QueueModel
import QueueStore
import Testing

@testable import QueueEngine

struct ParkedReceiversTests {
    private let queue = QueueID(1)
    private let other = QueueID(2)

    private func receiver() -> Receiver {
        Receiver(
            name: QueueName(account: "000000000000", region: "us-east-1", name: "q"), limit: 1,
            visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: nil
        ) { _ in }
    }

    private func at(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: 0).adding(seconds: seconds) }

    @Test func `who came first is first, in each queue`() {
        var parked = ParkedReceivers()
        let receivers = (0..<4).map { _ in receiver() }
        parked.park(receivers[0], at: queue, until: at(9))
        parked.park(receivers[1], at: other, until: at(9))
        parked.park(receivers[2], at: queue, until: at(1))
        parked.park(receivers[3], at: queue, until: at(9))
        #expect(parked.count == 4)
        #expect(parked.queues == [queue, other])
        #expect(parked.first(at: queue) === receivers[0])
        #expect(parked.first(at: queue) === receivers[0])
        parked.remove(receivers[0])
        #expect(parked.first(at: queue) === receivers[2])
        #expect(parked.first(at: other) === receivers[1])
        parked.remove(receivers[2])
        parked.remove(receivers[3])
        #expect(parked.first(at: queue) == nil)
        #expect(parked.count == 1)
        #expect(parked.queues == [other])
    }

    @Test func `who leaves from the middle is passed over`() {
        var parked = ParkedReceivers()
        let receivers = (0..<100).map { _ in receiver() }
        for receiver in receivers { parked.park(receiver, at: queue, until: at(9)) }
        for receiver in receivers.dropFirst().dropLast() { parked.remove(receiver) }
        #expect(parked.first(at: queue) === receivers[0])
        parked.remove(receivers[0])
        #expect(parked.first(at: queue) === receivers[99])
        parked.remove(receivers[0])
        #expect(parked.count == 1)
    }

    @Test func `those whose time is over come out in the order of their times`() {
        var parked = ParkedReceivers()
        let long = receiver()
        let short = receiver()
        parked.park(long, at: queue, until: at(20))
        parked.park(short, at: queue, until: at(5))
        #expect(parked.nextTimeout == at(5))
        #expect(parked.removeTimedOut(at: at(4)) == nil)
        #expect(parked.removeTimedOut(at: at(5)) === short)
        #expect(parked.removeTimedOut(at: at(5)) == nil)
        #expect(parked.nextTimeout == at(20))
        #expect(parked.first(at: queue) === long)
    }

    @Test func `all can be taken out at once`() {
        var parked = ParkedReceivers()
        for _ in 0..<3 { parked.park(receiver(), at: queue, until: at(9)) }
        #expect(parked.removeAll().count == 3)
        #expect(parked.count == 0)
        #expect(parked.nextTimeout == nil)
        #expect(parked.first(at: queue) == nil)
    }
}
