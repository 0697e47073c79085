import QueueModel

/// The long polls that wait for messages, first come, first served in each queue.
struct ParkedReceivers {
    private var lines: [QueueID: Line] = [:]
    private var deadlines = Deadlines<ObjectIdentifier>()
    private var byIdentifier: [ObjectIdentifier: Receiver] = [:]

    /// Receivers of one queue in their order. Those that have left are passed over, and dropped when they are many.
    private struct Line {
        var receivers: [Receiver] = []
        var first = 0
        var waiting = 0
    }

    var count: Int { byIdentifier.count }

    /// Where somebody waits.
    var queues: Set<QueueID> { Set(lines.keys) }

    /// The first moment at which somebody has waited long enough.
    var nextTimeout: Timestamp? { mutating get { deadlines.next } }

    mutating func park(_ receiver: Receiver, at queue: QueueID, until deadline: Timestamp) {
        receiver.parkedAt = queue
        byIdentifier[ObjectIdentifier(receiver)] = receiver
        lines[queue, default: Line()].receivers.append(receiver)
        lines[queue]?.waiting += 1
        deadlines.set(ObjectIdentifier(receiver), to: deadline)
    }

    /// The one that has waited longest at a queue.
    mutating func first(at queue: QueueID) -> Receiver? {
        guard var line = lines[queue] else { return nil }
        while line.first < line.receivers.count, line.receivers[line.first].parkedAt == nil { line.first += 1 }
        if line.first >= line.receivers.count {
            lines[queue] = nil
            return nil
        }
        lines[queue]?.first = line.first
        return line.receivers[line.first]
    }

    /// Takes a receiver out, if it is parked.
    mutating func remove(_ receiver: Receiver) {
        guard let queue = receiver.parkedAt else { return }
        receiver.parkedAt = nil
        byIdentifier[ObjectIdentifier(receiver)] = nil
        deadlines.set(ObjectIdentifier(receiver), to: nil)
        guard var line = lines[queue] else { return }
        lines[queue] = nil  // so that the array below is not copied
        line.waiting -= 1
        if line.waiting == 0 { return }
        if line.receivers.count > 2 * line.waiting + 16 {
            line.receivers = line.receivers.filter { $0.parkedAt != nil }
            line.first = 0
        }
        lines[queue] = line
    }

    /// Takes out one receiver whose time is over.
    mutating func removeTimedOut(at now: Timestamp) -> Receiver? {
        guard let identifier = deadlines.popDue(at: now), let receiver = byIdentifier[identifier] else { return nil }
        remove(receiver)
        return receiver
    }

    /// Takes out all.
    mutating func removeAll() -> [Receiver] {
        let all = Array(byIdentifier.values)
        for receiver in all { receiver.parkedAt = nil }
        self = ParkedReceivers()
        return all
    }
}
