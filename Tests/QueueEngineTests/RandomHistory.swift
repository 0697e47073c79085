import Crypto
import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// A random history of everything clients, the clock and an operator do, told by a seed. Engine and model go through it
/// side by side; the first disagreement ends it.
final class RandomHistory {
    private let engine: EngineFixture
    private var model: ReferenceQueues
    private let random: SeededRandom
    private let names: [QueueName]
    /// Handles of the last receives, old ones included.
    private var handles: [ReferenceQueues.Handle] = []
    private var parked: [Parked] = []
    private var parkedTotal = 0
    private var sends = 0
    /// What the answers of the running batch say, in their order.
    private var answers: [(Stored) throws -> Void] = []
    private var touched: Set<QueueName> = []
    /// The last events, for the report.
    private(set) var story: [String] = []

    typealias Stored = ReferenceQueues.Stored

    private struct Parked {
        let number: Int
        let poll: Poll
        let incarnation: Int?
        let deadline: Timestamp
    }

    init(seed: UInt64) throws {
        var options = EngineOptions()
        // When the sweeper moves a message is its own choice, which the model cannot know.
        options.redriveGraceMilliseconds = 365 * 86_400_000
        // Some histories meet the limit, in others groups become noisy.
        let inFlightMax = seed % 2 == 0 ? 25 : 1000
        engine = try EngineFixture(options: options, strictLimits: false, inFlightMax: inFlightMax, seed: seed)
        random = SeededRandom(seed: seed)
        model = ReferenceQueues(now: engine.now, inFlightMax: inFlightMax)
        names = ["last", "dead", "a", "b", "dead.fifo", "f.fifo", "g.fifo"].map {
            QueueName(account: "000000000000", region: "us-east-1", name: $0)
        }
        for name in names { try create(name) }
    }

    func run(steps: Int) throws {
        for step in 1...steps {
            try self.step()
            try checkCounts(of: touched)
            touched = []
            if step % 25 == 0 { try checkEverything() }
        }
        try checkEverything()
    }

    // MARK: Chance

    private func chance(_ percent: Int) -> Bool { number(below: 100) < percent }

    private func number(below bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private func one<Element>(of elements: [Element]) -> Element { elements[number(below: elements.count)] }

    private func tell(_ event: String) {
        story.append("\(model.now.milliseconds % 1_000_000_000) \(event)")
        if story.count > 60 { story.removeFirst(20) }
    }

    // MARK: Steps

    private func step() throws {
        switch number(below: 1000) {
        case 0..<250: try advanceClock()
        case 250..<255: try purge()
        case 255..<260: try recreate()
        case 260..<275: try changeAttributes()
        case 275..<280: try restart()
        case 280..<340: try drain()
        default: try requests()
        }
    }

    private func advanceClock() throws {
        let milliseconds =
            switch number(below: 100) {
            case 0..<50: number(below: 1500)
            case 50..<75: model.nextChange.map { Int($0.since(model.now)) } ?? 1
            case 75..<97: number(below: 20_000)
            default: number(below: 400_000)
            }
        engine.files.advance(milliseconds: Int64(milliseconds))
        tell("the clock goes on by \(milliseconds)")
        model.advance(to: engine.now)
        try batch([])
        touched.formUnion(names)
    }

    private func requests() throws {
        let jobs = try (0...number(below: 4)).map { _ in try request() }
        try batch(jobs)
    }

    private func request() throws -> any Job {
        switch number(below: 100) {
        case 0..<25: try send()
        case 25..<63: receive()
        case 63..<88: delete() ?? receive()
        default: changeVisibility() ?? receive()
        }
    }

    // MARK: Requests

    private func send() throws -> any Job {
        // Seldom into dead-letter queues, or they would never be empty, and nobody wait there.
        let name = one(of: chance(90) ? names.filter { ["a", "b", "f.fifo", "g.fifo"].contains($0.name) } : names)
        let isFIFO = name.name.hasSuffix(".fifo")
        sends += 1
        let body = "m\(sends)"
        let delay = !isFIFO && chance(20) ? number(below: 5) : nil
        let group = isFIFO || chance(30) ? "g\(number(below: 4))" : nil
        // A small number of ids, so that many are met again.
        let id = isFIFO ? (chance(30) ? "d\(number(below: 5))" : body) : nil
        let message = OutgoingMessage(body, delay: delay, group: group, deduplicationID: id)
        return write(SendMessages(to: name, [message], isBatch: false), to: name) { [self] result, _ in
            switch (result, model.queues[name]) {
            case (.failure(.queueDoesNotExist), nil): tell("\(body) finds no \(name.name)")
            case (.success(let sent), .some):
                tell("\(body) is sent to \(name.name), group \(group ?? "-"), id \(id ?? "-"), delay \(delay ?? -1)")
                try model.send(
                    body, delay: delay, group: group, deduplicationID: id, to: name, answer: try sent[0].get())
            default: throw Disagreement("the send of \(body) to \(name.name) was answered by \(result)")
            }
        }
    }

    private func receive() -> any Job {
        receive(
            from: one(of: names), limit: 1 + number(below: chance(50) ? 2 : 10),
            timeout: chance(50) ? nil : one(of: [0, 1, 3, 10, 60]), wait: chance(50) ? 1 + number(below: 20) : 0)
    }

    private func receive(from name: QueueName, limit: Int, timeout: Int?, wait: Int) -> any Job {
        let (job, poll) = engine.receiveJob(from: name, limit: limit, timeout: timeout, wait: wait)
        parkedTotal += 1
        let number = parkedTotal
        if wait > 0 {
            parked.append(
                Parked(
                    number: number, poll: poll, incarnation: model.queues[name]?.incarnation,
                    deadline: engine.now.adding(seconds: wait)))
        }
        touched.insert(name)
        poll.onAnswer = { [self] result in
            answers.append { [self] stored in
                let waited = parked.first { $0.number == number }
                parked.removeAll { $0.number == number }
                try received(result, poll, waited, limit: limit, timeout: timeout, stored: stored)
            }
        }
        return job
    }

    private func received(
        _ result: Result<[ReceivedMessage], QueueError>, _ poll: Poll, _ waited: Parked?, limit: Int, timeout: Int?,
        stored: Stored
    ) throws {
        let name = poll.queue
        guard poll.answers == 1 else { throw Disagreement("a receive was answered \(poll.answers) times") }
        switch result {
        case .success(let messages):
            tell(
                "\(name.name) gives \(messages.map { "\($0.text) (\($0.receiveCount))" }) of \(limit), "
                    + "timeout \(timeout ?? -1)\(waited == nil ? "" : ", after a wait")")
            if messages.isEmpty, let waited, waited.deadline > model.now {
                throw Disagreement("a long poll ended with nothing before its time")
            }
            touched.formUnion(names)
            if messages.isEmpty, model.refusesShortPoll(name), waited != nil { return }
            handles += try model.receive(messages, limit: limit, timeout: timeout, from: name, stored: stored)
            if handles.count > 40 { handles.removeFirst(10) }
        case .failure(.queueDoesNotExist):
            let incarnation = model.queues[name]?.incarnation
            guard incarnation == nil || waited.map({ $0.incarnation != incarnation }) ?? false else {
                throw Disagreement("\(name.name) was said to be missing")
            }
        case .failure(.overLimit):
            guard waited == nil, model.refusesShortPoll(name) else { throw Disagreement("over limit") }
        case .failure(let error): throw Disagreement("a receive ended with \(error)")
        }
    }

    private func delete() -> (any Job)? {
        if handles.isEmpty { return nil }
        return delete(one(of: chance(60) ? handles.suffix(8) : handles))
    }

    private func delete(_ handle: ReferenceQueues.Handle) -> any Job {
        let presented = PresentedHandle(handle.presented, text: "handle")
        return write(DeleteMessages(from: handle.queue, [presented]), to: handle.queue) { [self] result, stored in
            try compare(result, "delete from \(handle.queue.name)", stored) {
                $0.delete(by: handle, stored: stored)
            }
        }
    }

    private func changeVisibility() -> (any Job)? {
        if handles.isEmpty { return nil }
        let handle = one(of: chance(60) ? handles.suffix(8) : handles)
        let timeout = one(of: [0, 0, 1, 5, 100, 43_200])
        let change = ChangeMessageVisibility.Change(
            PresentedHandle(handle.presented, text: "handle"), timeoutSeconds: timeout)
        return write(ChangeMessageVisibility(in: handle.queue, [change]), to: handle.queue) {
            [self] result, stored in
            try compare(result, "change in \(handle.queue.name) to \(timeout)", stored) {
                $0.changeVisibility(by: handle, to: timeout)
            }
        }
    }

    /// Does to the model what was done to the engine, and compares the answers.
    private func compare(
        _ result: Result<[Result<Void, QueueError>], QueueError>, _ what: String, _ stored: Stored,
        apply: (inout ReferenceQueues) -> Result<Void, QueueError>
    ) throws {
        func error(_ result: Result<Void, QueueError>) -> QueueError? {
            if case .failure(let error) = result { error } else { nil }
        }
        let answer = error(result.flatMap { $0[0] })
        tell("\(what): \(answer.map { "\($0)" } ?? "done")")
        var trial = model
        var expected = error(apply(&trial))
        if answer != expected {
            // A receive of the same batch that found nothing may have moved the message away before.
            trial = model
            trial.adoptMoves(stored)
            expected = error(apply(&trial))
        }
        guard answer == expected else {
            throw Disagreement("\(what): \(String(describing: answer)), not \(String(describing: expected))")
        }
        model = trial
    }

    /// A diligent consumer: receives all there is in a queue and deletes it. Empty queues are where polls wait.
    private func drain() throws {
        let name = one(of: names)
        for _ in 0..<20 {
            let before = handles.last?.place
            try batch([receive(from: name, limit: 10, timeout: 30, wait: 0)])
            guard handles.last?.place != before else { return }
            let received = handles.suffix(10).filter { $0.queue == name && $0.receivedAt == model.now }
            try batch(received.map(delete))
        }
    }

    // MARK: The operator

    private func purge() throws {
        let name = one(of: names)
        tell("\(name.name) is purged")
        try alone(PurgeQueue(name: name)) { [self] in model.purge(name) }
        touched.insert(name)
    }

    private func recreate() throws {
        let name = one(of: names)
        tell("\(name.name) is deleted")
        try alone(DeleteQueue(name: name)) { [self] in model.delete(name) }
        for _ in 0..<number(below: 5) { try batch([request()]) }
        try create(name)
    }

    private func create(_ name: QueueName) throws {
        let attributes = try QueueAttributeChanges(Self.attributes(of: name))
        tell("\(name.name) is created")
        let settings = try attributes.settingsOfNewQueue(name)
        try alone(CreateQueue(name: name, attributes: attributes, tags: [:])) { [self] in
            model.create(name, settings)
        }
    }

    private static func attributes(of name: QueueName) -> [String: String] {
        func redrive(_ target: String, _ count: Int) -> String {
            let arn = QueueName(account: "000000000000", region: "us-east-1", name: target).arn
            return "{\"deadLetterTargetArn\":\"\(arn)\",\"maxReceiveCount\":\(count)}"
        }
        switch name.name {
        case "last": return ["VisibilityTimeout": "5", "MessageRetentionPeriod": "100"]
        case "dead": return ["VisibilityTimeout": "5", "RedrivePolicy": redrive("last", 2)]
        case "a": return ["VisibilityTimeout": "10", "RedrivePolicy": redrive("dead", 2)]
        case "b": return ["VisibilityTimeout": "3", "DelaySeconds": "2", "MessageRetentionPeriod": "120"]
        case "dead.fifo": return ["FifoQueue": "true", "VisibilityTimeout": "4"]
        case "f.fifo":
            return ["FifoQueue": "true", "VisibilityTimeout": "6", "RedrivePolicy": redrive("dead.fifo", 2)]
        default:
            return [
                "FifoQueue": "true", "VisibilityTimeout": "6", "DeduplicationScope": "messageGroup",
                "DelaySeconds": "1", "MessageRetentionPeriod": "150",
            ]
        }
    }

    private func changeAttributes() throws {
        let name = one(of: names)
        let value = [0, 1, 3, 10][number(below: 4)]
        let retention = [60, 90, 200, 345_600][number(below: 4)]
        let (attribute, text, change): (String, String, (inout QueueSettings) -> Void) =
            switch number(below: 4) {
            case 0: ("DelaySeconds", "\(value)", { $0.delaySeconds = value })
            case 1: ("VisibilityTimeout", "\(value)", { $0.visibilityTimeoutSeconds = value })
            case 2: ("MessageRetentionPeriod", "\(retention)", { $0.retentionSeconds = retention })
            default:
                if name.name.hasSuffix(".fifo") {
                    chance(50)
                        ? ("DeduplicationScope", "queue", { $0.deduplicationScope = .queue })
                        : ("DeduplicationScope", "messageGroup", { $0.deduplicationScope = .messageGroup })
                } else {
                    ("ReceiveMessageWaitTimeSeconds", "\(value)", { $0.receiveWaitSeconds = value })
                }
            }
        tell("\(name.name) gets \(attribute) \(text)")
        let operation = SetQueueAttributes(name: name, attributes: try QueueAttributeChanges([attribute: text]))
        try alone(operation) { [self] in model.set(name, change) }
        touched.insert(name)
    }

    private func restart() throws {
        if chance(50) {
            tell("stop and start")
            try engine.restart()
        } else {
            tell("crash")
            try engine.crash()
        }
        answers = []
        parked = []
        try batch([])
        touched.formUnion(names)
    }

    // MARK: Batches

    private func write<Operation: WriteOperation>(
        _ operation: Operation, to name: QueueName,
        _ check: @escaping (Result<Operation.Output, QueueError>, Stored) throws -> Void
    ) -> any Job {
        touched.insert(name)
        let history = Unchecked(self)
        let check = Unchecked(check)
        return WriteJob(operation: operation) { result in
            history.value.answers.append { try check.value(result, $0) }
        }
    }

    private func alone<Operation: WriteOperation>(_ operation: Operation, _ apply: @escaping () -> Void) throws {
        try batch([
            write(operation, to: names[0]) { result, _ in
                _ = try result.get()
                apply()
            }
        ])
    }

    /// One batch, and those that follow until nothing is due.
    private func batch(_ jobs: [any Job]) throws {
        var jobs = jobs
        repeat {
            engine.run(jobs)
            jobs = []
            try takeAnswers()
        } while engine.due.map { $0 <= engine.now } ?? false
        try checkWhoWaits()
    }

    private func takeAnswers() throws {
        let taken = answers
        answers = []
        // Only receives move messages.
        if taken.isEmpty, parked.isEmpty { return }
        let stored = try engine.files.messages()
        model.beginBatch()
        for answer in taken { try answer(stored) }
        model.adoptMoves(stored)
    }

    private func checkWhoWaits() throws {
        for waiting in parked {
            guard waiting.poll.answers == 0 else { throw Disagreement("an answer got lost") }
            guard !model.hasDeliverable(waiting.poll.queue) else {
                throw Disagreement("a long poll waits at \(waiting.poll.queue.name), which has messages for it")
            }
        }
        let next = (parked.map(\.deadline) + [model.nextChange].compactMap { $0 }).min()
        if let next, engine.due.map({ $0 > next }) ?? true {
            throw Disagreement("the engine sleeps until \(engine.due?.milliseconds ?? -1), work is due at \(next)")
        }
    }

    // MARK: Comparing

    private func checkCounts(of queues: Set<QueueName>) throws {
        for name in queues where model.queues[name] != nil {
            let counts = try engine.files.description(of: name).counts
            guard counts == model.counts(name) else {
                throw Disagreement("\(name.name) says \(counts), has \(model.counts(name))")
            }
        }
    }

    private func checkEverything() throws {
        try engine.files.checkInvariants()
        let stored = try engine.files.messages()
        for name in names where !model.isSame(stored[name.name] ?? [], in: name) {
            throw Disagreement("the messages of \(name.name) differ")
        }
        try checkCounts(of: Set(names))
    }
}

/// Carries a value of one thread past the compiler.
private struct Unchecked<Value>: @unchecked Sendable {  // used by the thread of its test only
    let value: Value

    init(_ value: Value) { self.value = value }
}
