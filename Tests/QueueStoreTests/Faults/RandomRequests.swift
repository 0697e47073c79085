import Crypto
import QueueModel
import SQLite
import TestSupport

@testable import QueueStore

/// Random requests of a few clients to a few queues, and what their answers say.
struct RandomRequests {
    enum Kind {
        case any
        case sends
        /// And changes of visibility.
        case deletes
    }

    private enum Effect {
        case sent(MessageID, md5: [UInt8])
        case gone([MessageID])
    }

    private struct Held {
        let message: ReceivedMessage
        let queue: QueueName
    }

    private let random: SeededRandom
    private var sends = 0
    /// Messages that clients have received and not deleted.
    private var held: [Held] = []
    // Of the running batch:
    private var effects: [Effect] = []
    private var received: [Held] = []
    /// The last sequence number a send was answered with.
    private(set) var lastNumber = SequenceNumber(0)

    init(random: SeededRandom) { self.random = random }

    private static let dead = queue("dead")
    private static let deadFIFO = queue("dead.fifo")
    private static let queues = [queue("a"), queue("b"), dead, queue("f.fifo"), queue("g.fifo"), deadFIFO]

    private static func queue(_ name: String) -> QueueName {
        QueueName(account: "000000000000", region: "us-east-1", name: name)
    }

    private func number(below bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private func chance(_ percent: Int) -> Bool { number(below: 100) < percent }
    private func pick<Element>(_ elements: [Element]) -> Element { elements[number(below: elements.count)] }

    // MARK: Batches

    mutating func begin(after number: SequenceNumber) {
        effects = []
        received = []
        lastNumber = number
    }

    /// What the answers say about which messages there are.
    func apply(to messages: inout [MessageID: [UInt8]]) {
        for effect in effects {
            switch effect {
            case .sent(let id, let md5): messages[id] = md5
            case .gone(let ids): for id in ids { messages[id] = nil }
            }
        }
    }

    /// The answers of the batch have reached the clients.
    mutating func acknowledged() {
        held += received
        if held.count > 60 { held.removeFirst(20) }
    }

    // MARK: Requests

    mutating func perform(_ kind: Kind, in transaction: WriteTransaction, on disk: FaultVFS) {
        switch kind {
        case .any: performAny(in: transaction, on: disk)
        case .sends: send(to: pick(Self.queues), in: transaction)
        case .deletes: number(below: 10) == 0 ? delete(in: transaction) : changeVisibility(in: transaction)
        }
    }

    private mutating func performAny(in transaction: WriteTransaction, on disk: FaultVFS) {
        switch number(below: 100) {
        case 0..<35: send(to: pick(Self.queues), in: transaction)
        case 35..<60: receive(from: pick(Self.queues), in: transaction)
        case 60..<75: delete(in: transaction)
        case 75..<82: changeVisibility(in: transaction)
        case 82..<84: empty(pick(Self.queues), by: PurgeQueue.init, in: transaction, on: disk)
        case 84..<86: empty(pick(Self.queues), by: DeleteQueue.init, in: transaction, on: disk)
        case 86..<88: setAttributes(of: pick(Self.queues), in: transaction)
        default: sweep(in: transaction)
        }
    }

    private func create(_ name: QueueName, in transaction: WriteTransaction) {
        var attributes = ["VisibilityTimeout": "3"]
        let isFIFO = name.name.hasSuffix(".fifo")
        if isFIFO { attributes["FifoQueue"] = "true" }
        let target = isFIFO ? Self.deadFIFO : Self.dead
        if name != target {
            if case .failure = transaction.find(target) { create(target, in: transaction) }
            attributes["RedrivePolicy"] = "{\"deadLetterTargetArn\":\"\(target.arn)\",\"maxReceiveCount\":2}"
        }
        guard let changes = try? QueueAttributeChanges(attributes) else { preconditionFailure("attributes") }
        _ = transaction.perform(CreateQueue(name: name, attributes: changes, tags: ["made": "\(sends)"]))
    }

    private mutating func send(to name: QueueName, in transaction: WriteTransaction) {
        if case .failure(.queueDoesNotExist) = transaction.find(name) { create(name, in: transaction) }
        let messages = (0..<(chance(70) ? 1 : 10)).map { _ in message(isFIFO: name.name.hasSuffix(".fifo")) }
        guard case .success(let results) = transaction.perform(SendMessages(to: name, messages, isBatch: true)) else {
            return
        }
        for (message, result) in zip(messages, results) {
            guard case .success(let sent) = result else { continue }
            if let number = sent.sequenceNumber {
                // A number that is not new is the answer to a duplicate, whose message may be gone again.
                guard number > lastNumber else { continue }
                lastNumber = number
            }
            effects.append(.sent(sent.id, md5: message.bodyMD5))
        }
    }

    private static let filling = String(repeating: "x", count: 30_000)

    private mutating func message(isFIFO: Bool) -> OutgoingMessage {
        sends += 1
        let length = chance(90) ? number(below: 300) : number(below: 30_000)
        let body = "m\(sends) " + Self.filling.prefix(length)
        let group = isFIFO || chance(20) ? "g\(number(below: 4))" : nil
        return OutgoingMessage(
            body, delay: !isFIFO && chance(20) ? number(below: 4) : nil, group: group,
            deduplicationID: isFIFO ? (chance(20) ? "d\(number(below: 5))" : "d\(sends)") : nil)
    }

    private mutating func receive(from name: QueueName, in transaction: WriteTransaction) {
        let operation = ReceiveMessages(
            from: name, limit: 1 + number(below: 10), visibilityTimeoutSeconds: chance(50) ? nil : pick([0, 1, 20]),
            waits: true,
            attemptID: name.name.hasSuffix(".fifo") && chance(30) ? "attempt \(number(below: 3))" : nil)
        guard case .success(let messages) = transaction.perform(operation) else { return }
        received += messages.map { Held(message: $0, queue: name) }
    }

    private mutating func delete(in transaction: WriteTransaction) {
        guard !held.isEmpty else { return }
        // Batches are for one queue.
        let queue = pick(held).queue
        let messages = held.filter { $0.queue == queue }.shuffled(random).prefix(1 + number(below: 10))
        let operation = DeleteMessages(from: queue, messages.map(\.message.presented))
        guard case .success(let results) = transaction.perform(operation) else { return }
        for (held, result) in zip(messages, results) {
            guard case .success = result else { continue }
            // A success for a message that was moved to another queue leaves it there.
            if !isStored(held.message.id, in: transaction) { effects.append(.gone([held.message.id])) }
        }
    }

    private func isStored(_ id: MessageID, in transaction: WriteTransaction) -> Bool {
        let found = try? transaction.connection.statement(
            "SELECT count(*) FROM message JOIN queue USING (backlog_id) WHERE message_id = ?"
        ).first(id.bytes) { $0.integer(0) }
        return (found ?? 0) > 0
    }

    private func changeVisibility(in transaction: WriteTransaction) {
        guard !held.isEmpty else { return }
        let chosen = pick(held)
        let change = ChangeMessageVisibility.Change(chosen.message.presented, timeoutSeconds: pick([0, 1, 5, 100]))
        _ = transaction.perform(ChangeMessageVisibility(in: chosen.queue, [change]))
    }

    /// Purges or deletes a queue: its messages are gone.
    private mutating func empty<Operation: WriteOperation>(
        _ name: QueueName, by operation: (QueueName) -> Operation, in transaction: WriteTransaction, on disk: FaultVFS
    ) {
        guard case .success(let queue) = transaction.find(name) else { return }
        let messages = disk.undisturbed {
            try? transaction.connection.statement("SELECT message_id FROM message WHERE backlog_id = ?").all(
                queue.backlog.rawValue
            ) { MessageID(stored: $0.bytes(0)) }
        }
        guard case .success = transaction.perform(operation(name)) else { return }
        effects.append(.gone(messages ?? []))
    }

    private func setAttributes(of name: QueueName, in transaction: WriteTransaction) {
        guard let changes = try? QueueAttributeChanges(["VisibilityTimeout": "\(number(below: 5))"]) else {
            preconditionFailure("attributes")
        }
        _ = transaction.perform(SetQueueAttributes(name: name, attributes: changes))
    }

    private func sweep(in transaction: WriteTransaction) {
        switch number(below: 5) {
        case 0: _ = transaction.perform(EmptyLeftBacklogs(limit: 10))
        case 1: _ = transaction.perform(RemoveExpiredRecords(limit: 10))
        case 2:
            guard case .success(let queue) = transaction.find(pick(Self.queues)) else { return }
            _ = transaction.perform(MoveExhaustedMessages(queue: queue.id, limit: 10, graceMilliseconds: 2000))
        case 3: _ = transaction.perform(GiveBackFreePages(limit: 1 + number(below: 30)) { false })
        default: _ = transaction.perform(MakeDueMessagesVisible(limit: 50))
        }
    }
}

extension Collection {
    /// In an order that the source of randomness decides.
    fileprivate func shuffled(_ random: SeededRandom) -> [Element] {
        map { (random.next(), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
