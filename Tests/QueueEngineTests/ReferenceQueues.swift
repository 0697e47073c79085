import QueueModel

/// What is wrong with an answer of the engine.
struct Disagreement: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The queues of SQS as an array and a clock: no index, no sweep, no cache. What the engine does is held against it.
///
/// Where the engine may choose (which message a standard queue hands out, whether a receive comes across an exhausted
/// message) the model takes its choice over, after it has made sure that it was a legal one.
struct ReferenceQueues {
    /// What the engine's store holds at some moment: the messages of each queue by its name, in the order of their numbers.
    typealias Stored = [String: [MessageID]]

    enum State: Equatable {
        case ready, inFlight, delayed
    }

    struct Message {
        let id: MessageID
        /// Where it stands: another queue or another purge is another place. Handles name places.
        let place: Int
        let body: String
        let group: String?
        var sentAt: Timestamp
        var visibleAt: Timestamp
        var state: State
        var receiveCount = 0
        var receivedElsewhere = 0
        /// The queue it was moved from as a dead letter.
        var source: QueueName?
    }

    struct Queue {
        let incarnation: Int
        let isFIFO: Bool
        var settings: QueueSettings
        /// In the order they were sent to this queue.
        var messages: [Message] = []
        var duplicates: [[String]: (sent: SentMessage, expiresAt: Timestamp)] = [:]
        var moveTasks: [MoveTask] = []
    }

    struct Handle {
        let queue: QueueName
        let incarnation: Int
        let place: Int
        let receiveCount: Int
        let receivedAt: Timestamp
        let presented: ReceiptHandle
    }

    var queues: [QueueName: Queue] = [:]
    private(set) var now: Timestamp
    let inFlightMax: Int
    /// Queues from which receives moved messages since ``beginMoment()``.
    private var movedFrom: Set<QueueName> = []
    /// Queues they were moved into.
    private var movedInto: Set<QueueName> = []
    private(set) var placeAtBegin = 0
    /// Messages that receives of this batch moved into a queue where they are too old: the engine counts them until a sweep
    /// or a receive comes across them.
    private(set) var expiredOnArrival: [QueueName: Int] = [:]
    var lastPlace = 0
    var lastMoveTask = 0
    private var lastIncarnation = 0

    init(now: Timestamp, inFlightMax: Int) {
        self.now = now
        self.inFlightMax = inFlightMax
    }

    // MARK: Time

    mutating func advance(to now: Timestamp) {
        self.now = now
        for name in queues.keys { update(name) }
    }

    private mutating func update(_ name: QueueName) {
        guard var queue = queues[name] else { return }
        queue.messages.removeAll { $0.sentAt.adding(seconds: queue.settings.retentionSeconds) <= now }
        for index in queue.messages.indices where queue.messages[index].visibleAt <= now {
            queue.messages[index].state = .ready
        }
        queues[name] = queue
    }

    /// The next moment at which something changes by itself.
    var nextChange: Timestamp? {
        var next: Timestamp?
        for queue in queues.values {
            for message in queue.messages {
                let end = message.sentAt.adding(seconds: queue.settings.retentionSeconds)
                let change = message.state == .ready ? end : min(end, message.visibleAt)
                next = next.map { min($0, change) } ?? change
            }
        }
        return next
    }

    // MARK: Queues

    mutating func create(_ name: QueueName, _ settings: QueueSettings) {
        lastIncarnation += 1
        queues[name] = Queue(incarnation: lastIncarnation, isFIFO: settings.isFIFO, settings: settings)
    }

    mutating func delete(_ name: QueueName) { queues[name] = nil }

    mutating func purge(_ name: QueueName) {
        queues[name]?.messages = []
        queues[name]?.duplicates = [:]
    }

    mutating func set(_ name: QueueName, _ change: (inout QueueSettings) -> Void) {
        guard var queue = queues[name] else { return }
        let delay = queue.settings.delaySeconds
        change(&queue.settings)
        if queue.isFIFO, queue.settings.delaySeconds != delay {
            for index in queue.messages.indices where queue.messages[index].state == .delayed {
                queue.messages[index].visibleAt = queue.messages[index].sentAt.adding(
                    seconds: queue.settings.delaySeconds)
            }
        }
        queues[name] = queue
        update(name)
    }

    func counts(_ name: QueueName) -> MessageCounts {
        let messages = queues[name]?.messages ?? []
        func count(_ state: State) -> Int { messages.count { $0.state == state } }
        return MessageCounts(visible: count(.ready), inFlight: count(.inFlight), delayed: count(.delayed))
    }

    /// Whether a queue holds these messages; of a FIFO queue in this order.
    func isSame(_ stored: [MessageID], in name: QueueName) -> Bool {
        guard let queue = queues[name] else { return stored.isEmpty }
        let ids = queue.messages.map(\.id)
        return queue.isFIFO ? ids == stored : ids.count == stored.count && Set(ids) == Set(stored)
    }

    // MARK: Send

    mutating func send(
        _ body: String, delay: Int?, group: String?, deduplicationID: String?, to name: QueueName, answer: SentMessage
    ) throws {
        guard var queue = queues[name] else { throw Disagreement("sent to a missing queue") }
        if queue.isFIFO, let deduplicationID {
            let key = queue.settings.deduplicationScope == .queue ? [deduplicationID] : [deduplicationID, group ?? ""]
            if let duplicate = queue.duplicates[key], duplicate.expiresAt > now {
                guard duplicate.sent == answer else {
                    throw Disagreement("the duplicate of \(duplicate.sent) was answered by \(answer)")
                }
                return
            }
            queue.duplicates[key] = (answer, now.adding(seconds: Limits.deduplicationSeconds))
        }
        guard !queues.values.contains(where: { $0.messages.contains { $0.id == answer.id } }) else {
            throw Disagreement("message id \(answer.id.text) was used before")
        }
        let delay = (queue.isFIFO ? nil : delay) ?? queue.settings.delaySeconds
        lastPlace += 1
        queue.messages.append(
            Message(
                id: answer.id, place: lastPlace, body: body, group: group, sentAt: now,
                visibleAt: now.adding(seconds: delay), state: delay > 0 ? .delayed : .ready))
        queues[name] = queue
    }

    // MARK: Receive

    /// To be called before the answers of a batch are taken over.
    mutating func beginBatch() { expiredOnArrival = [:] }

    /// To be called before the moves of a receive are taken over, or others whose order is not known.
    mutating func beginMoment() {
        movedFrom = []
        movedInto = []
        placeAtBegin = lastPlace
    }

    private func target(of queue: Queue, named name: QueueName) -> QueueName? {
        guard let target = queue.settings.redrivePolicy?.target, target != name,
            let found = queues[target], found.isFIFO == queue.isFIFO
        else { return nil }
        return target
    }

    private func isExhausted(_ message: Message, in queue: Queue, named name: QueueName) -> Bool {
        guard let policy = queue.settings.redrivePolicy, target(of: queue, named: name) != nil else { return false }
        return message.receiveCount - message.receivedElsewhere >= policy.receiveCountMax
    }

    private func exhausted(in queue: Queue, named name: QueueName) -> [Message] {
        deliverable(queue).filter { isExhausted($0, in: queue, named: name) }
    }

    /// What may be handed out: of a FIFO queue the longest prefix of each group without a message in flight or delayed.
    func deliverable(_ queue: Queue) -> [Message] {
        var blocked: Set<String> = []
        return queue.messages.filter { message in
            guard let group = message.group, queue.isFIFO else { return message.state == .ready }
            if message.state != .ready { blocked.insert(group) }
            return !blocked.contains(group)
        }
    }

    /// Whether a receive must find a message.
    func hasDeliverable(_ name: QueueName) -> Bool {
        guard let queue = queues[name] else { return false }
        return room(queue) > 0 && deliverable(queue).contains { !isExhausted($0, in: queue, named: name) }
    }

    private func room(_ queue: Queue) -> Int { inFlightMax - queue.messages.count { $0.state == .inFlight } }

    /// Whether a short poll is refused because too many messages are in flight.
    func refusesShortPoll(_ name: QueueName) -> Bool {
        guard let queue = queues[name], !queue.isFIFO else { return false }
        return room(queue) <= 0
    }

    /// Takes over the moves into dead-letter queues that receives have made, also those that then found nothing. `stored`
    /// are the messages of each queue after them.
    mutating func adoptMoves(_ stored: StoredMessages) throws {
        for name in queues.keys.sorted(by: { $0.name < $1.name }) { try adoptMoves(from: name, stored) }
    }

    private mutating func adoptMoves(from name: QueueName, _ stored: StoredMessages) throws {
        guard let queue = queues[name], queue.settings.redrivePolicy != nil else { return }
        let exhausted = exhausted(in: queue, named: name)
        if exhausted.isEmpty { return }
        let stored = try stored.get()
        let moved = exhausted.filter { hasMoved($0, from: queue, named: name, stored: stored) }
        for message in moved { try move(message, from: name, stored) }
    }

    /// Takes over what a receive handed out. `stored` are the messages of each queue after it.
    mutating func receive(
        _ answer: [ReceivedMessage], limit: Int, timeout: Int?, from name: QueueName, stored: StoredMessages
    ) throws -> [Handle] {
        try adoptMoves(from: name, stored)
        // What it was given may have been moved here by a poll that waits elsewhere.
        let present = Set(queues[name]?.messages.map(\.id) ?? [])
        if !answer.allSatisfy({ present.contains($0.id) }) { try adoptMoves(stored) }
        guard let queue = queues[name] else { throw Disagreement("received from a missing queue") }
        let left = exhausted(in: queue, named: name).count
        let anyMoved = movedFrom.contains(name) || movedInto.contains(name)
        let most = min(limit, room(queue))
        guard answer.count <= max(most, 0) else { throw Disagreement("\(answer.count) messages of \(most) wanted") }
        // Some of the arrivals may have come after this receive.
        let wanted = movedInto.contains(name) ? answer.count : most
        let choice = deliverable(queue).filter { !isExhausted($0, in: queue, named: name) }
        if queue.isFIFO {
            try checkOrder(answer, choice: choice, wanted: wanted, anyMoved: anyMoved)
        } else {
            try checkChoice(answer, choice: choice, wanted: wanted)
        }
        guard answer.count == wanted || left == 0 || (anyMoved && queue.isFIFO) else {
            let names = exhausted(in: queue, named: name).map { "\($0.body) (\($0.receiveCount))" }
            throw Disagreement("exhausted messages were left: \(names)")
        }
        return try answer.map { try take($0, timeout: timeout, from: name) }
    }

    /// Whether a message is in the dead-letter queue, or would be there if it had not expired by its retention.
    private func hasMoved(
        _ message: Message, from queue: Queue, named name: QueueName, stored: Stored
    ) -> Bool {
        guard let target = target(of: queue, named: name), let next = queues[target],
            !(stored[name.name]?.contains(message.id) ?? false)
        else { return false }
        if message.sentAt.adding(seconds: next.settings.retentionSeconds) <= now { return true }
        // It may have been received there so often, in the same batch, that it moved on.
        return [target, self.target(of: next, named: target)].contains { name in
            name.flatMap { stored[$0.name]?.contains(message.id) } ?? false
        }
    }

    private func checkChoice(_ answer: [ReceivedMessage], choice: [Message], wanted: Int) throws {
        let ids = Set(answer.map(\.id))
        guard ids.count == answer.count else { throw Disagreement("a message was handed out twice in one receive") }
        guard ids.isSubset(of: choice.map(\.id)) else {
            let bodies = answer.map { String(decoding: $0.body, as: UTF8.self) }
            throw Disagreement("handed out what was not visible: \(bodies)")
        }
        guard answer.count == min(wanted, choice.count) || wanted <= 0 else {
            throw Disagreement("\(answer.count) of \(choice.count) visible messages where \(wanted) were wanted")
        }
    }

    /// Group by group, each from its head on, and only the last group in part. After moves the engine may leave the rest
    /// of a group for the next receive.
    private func checkOrder(_ answer: [ReceivedMessage], choice: [Message], wanted: Int, anyMoved: Bool) throws {
        var byGroup = Dictionary(grouping: choice) { $0.group ?? "" }
        var finished: Set<String> = []
        var current: String?
        for message in answer {
            let group = message.groupID ?? ""
            if group != current {
                if let current { finished.insert(current) }
                guard !finished.contains(group) else { throw Disagreement("group \(group) came twice") }
                if let current, !anyMoved, byGroup[current] != nil {
                    throw Disagreement("group \(current) was left before it was empty")
                }
                current = group
            }
            guard let head = byGroup[group]?.first else { throw Disagreement("nothing of group \(group) may come") }
            guard head.id == message.id else {
                throw Disagreement(
                    "group \(group): \(String(decoding: message.body, as: UTF8.self)) came where \(head.body) was next")
            }
            byGroup[group] = byGroup[group].flatMap { $0.count > 1 ? Array($0.dropFirst()) : nil }
        }
        guard answer.count < wanted else { return }
        let left = byGroup.keys.filter { !(anyMoved && ($0 == current || finished.contains($0))) }
        guard left.isEmpty else { throw Disagreement("groups \(left.sorted()) were passed over") }
    }

    private mutating func move(_ message: Message, from name: QueueName, _ stored: Stored) throws {
        guard let source = queues[name], let target = target(of: source, named: name),
            var queue = queues[target]
        else { return }
        queues[name]?.messages.removeAll { $0.place == message.place }
        lastPlace += 1
        var moved = Message(
            id: message.id, place: lastPlace, body: message.body, group: message.group,
            sentAt: queue.isFIFO ? now : message.sentAt, visibleAt: now, state: .ready)
        moved.receiveCount = message.receiveCount
        moved.receivedElsewhere = message.receiveCount
        moved.source = name
        let index = index(of: moved, in: queue, stored[target.name] ?? [])
        if queue.isFIFO, let overtaken = queue.messages[index...].first(where: { $0.group == moved.group }) {
            throw Disagreement("\(moved.body) was moved before \(overtaken.body), of the same group")
        }
        queue.messages.insert(moved, at: index)
        queues[target] = queue
        movedFrom.insert(name)
        movedInto.insert(target)
        update(target)
        let hasExpired = queues[target].map { queue in !queue.messages.contains { $0.place == moved.place } } ?? false
        if hasExpired { expiredOnArrival[target, default: 0] += 1 }
    }

    /// At the end, but for what was moved there later, from another group.
    private func index(of moved: Message, in queue: Queue, _ stored: [MessageID]) -> Int {
        guard let number = stored.firstIndex(of: moved.id) else { return queue.messages.count }
        let later = stored[number...]
        return queue.messages.firstIndex { $0.place > placeAtBegin && later.contains($0.id) } ?? queue.messages.count
    }

    private mutating func take(_ received: ReceivedMessage, timeout: Int?, from name: QueueName) throws -> Handle {
        guard var queue = queues[name], let index = queue.messages.firstIndex(where: { $0.id == received.id }) else {
            throw Disagreement("handed out what is not in the queue")
        }
        let timeout = timeout ?? queue.settings.visibilityTimeoutSeconds
        queue.messages[index].receiveCount += 1
        queue.messages[index].visibleAt = now.adding(seconds: timeout)
        queue.messages[index].state = timeout > 0 ? .inFlight : .ready
        let message = queue.messages[index]
        guard received.receiveCount == message.receiveCount, received.sentAt == message.sentAt,
            received.body == Array(message.body.utf8), received.groupID == message.group,
            received.deadLetterSourceARN == message.source?.arn
        else {
            throw Disagreement(
                "\(message.body) came with count \(received.receiveCount) for \(message.receiveCount), "
                    + "sent at \(received.sentAt) for \(message.sentAt), "
                    + "from \(received.deadLetterSourceARN ?? "-") for \(message.source?.arn ?? "-")")
        }
        queues[name] = queue
        return Handle(
            queue: name, incarnation: queue.incarnation, place: message.place, receiveCount: message.receiveCount,
            receivedAt: now, presented: received.handle)
    }

    // MARK: Handles

    private func isHeld(_ message: Message, by handle: Handle) -> Bool {
        message.state == .inFlight && message.receiveCount == handle.receiveCount
    }

    /// The error that a use of the handle must end with; nil if none. `index` is where its message stands.
    private func find(_ handle: Handle) -> Result<Int?, QueueError> {
        guard let queue = queues[handle.queue] else { return .failure(.queueDoesNotExist) }
        guard queue.incarnation == handle.incarnation else {
            return .failure(.receiptHandleOfAnotherQueue(handle: "handle"))
        }
        return .success(queue.messages.firstIndex { $0.place == handle.place })
    }

    /// Deletes by a handle; returns what the engine must answer.
    mutating func delete(by handle: Handle) -> Result<Void, QueueError> {
        find(handle).flatMap { index in
            guard let index, let queue = queues[handle.queue] else { return .success(()) }
            if queue.isFIFO, !isHeld(queue.messages[index], by: handle) {
                return .failure(.receiptHandleExpired("handle"))
            }
            queues[handle.queue]?.messages.remove(at: index)
            return .success(())
        }
    }

    /// Makes a message visible again whose receiver has gone away, if it is still hidden by that receive.
    mutating func giveBack(_ handle: Handle) {
        guard case .success(let found) = find(handle), let index = found, var queue = queues[handle.queue],
            isHeld(queue.messages[index], by: handle)
        else { return }
        queue.messages[index].visibleAt = now
        queue.messages[index].state = .ready
        queues[handle.queue] = queue
    }

    /// Changes the visibility by a handle; returns what the engine must answer.
    mutating func changeVisibility(by handle: Handle, to timeout: Int) -> Result<Void, QueueError> {
        find(handle).flatMap { index in
            guard let index, var queue = queues[handle.queue],
                !queue.isFIFO || isHeld(queue.messages[index], by: handle)
            else { return .failure(.messageNotAvailable("handle")) }
            guard now.adding(seconds: timeout).since(handle.receivedAt) <= 43_201_000 else {
                return .failure(
                    .invalidValue(
                        timeout, of: "VisibilityTimeout",
                        reason: "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"))
            }
            queue.messages[index].visibleAt = now.adding(seconds: timeout)
            queue.messages[index].state = timeout > 0 ? .inFlight : .ready
            queues[handle.queue] = queue
            return .success(())
        }
    }
}
