import Crypto
import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// A random history of everything clients, the clock and an operator do, told by a seed. Engine and model go through it
/// side by side; the first disagreement ends it.
final class RandomHistory {
    let engine: EngineFixture
    var model: ReferenceQueues
    let random: SeededRandom
    let names: [QueueName]
    /// Handles of the last receives, old ones included.
    var handles: [ReferenceQueues.Handle] = []
    var parked: [Parked] = []
    private var parkedTotal = 0
    var sends = 0
    /// Where the jobs of the next batch receive from.
    private var receiving: Set<String> = []
    /// Changes of the running batch that have no answer yet.
    private var awaited = 0
    /// What the answers of the running batch say, in their order.
    var answers: [(Stored) throws -> Void] = []
    var touched: Set<QueueName> = []
    /// The last events, for the report.
    private(set) var story: [String] = []
    /// Stands for the whole history: FNV-1a over all events.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Calls to the disk fail, and requests with them.
    var isDiskFailing = false
    var cuts = 0
    /// The last receive that was answered with messages.
    private var lastReceive: (poll: Poll, handles: [ReferenceQueues.Handle])?

    typealias Stored = ReferenceQueues.Stored

    struct Parked {
        let number: Int
        let poll: Poll
        let incarnation: Int?
        let deadline: Timestamp
    }

    /// On a `disk` that may fail the history has power cuts and faults too.
    init(seed: UInt64, disk: FaultVFS? = nil) throws {
        var options = EngineOptions()
        // When the sweeper moves a message is its own choice, which the model cannot know.
        options.redriveGraceMilliseconds = 365 * 86_400_000
        // Some histories meet the limit, in others groups become noisy.
        let inFlightMax = seed % 2 == 0 ? 25 : 1000
        engine = try EngineFixture(
            options: options, strictLimits: false, inFlightMax: inFlightMax, seed: seed, disk: disk)
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

    func chance(_ percent: Int) -> Bool { number(below: 100) < percent }

    func number(below bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    func one<Element>(of elements: [Element]) -> Element { elements[number(below: elements.count)] }

    func tell(_ event: String) {
        for byte in event.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
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
        case 340..<350: try abandon()
        case 350..<370: try mishap()
        default: try requests()
        }
    }

    func advanceClock() throws {
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

    func requests() throws {
        let jobs = try (0...number(below: 4)).map { _ in try request() }
        try batch(jobs)
    }

    private func request() throws -> any Job {
        switch number(below: 100) {
        case 0..<25: try send()
        case 25..<63: try receive()
        case 63..<88: try delete() ?? receive()
        default: try changeVisibility() ?? receive()
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

    private func receive() throws -> any Job {
        let names = namesToReceiveFrom()
        if names.isEmpty { return try send() }
        return receive(
            from: one(of: names), limit: 1 + number(below: chance(50) ? 2 : 10),
            timeout: chance(50) ? nil : one(of: [0, 1, 3, 10, 60]), wait: chance(50) ? 1 + number(below: 20) : 0)
    }

    /// Where two receives of a batch come across the same exhausted messages, the model cannot tell which of them moved
    /// one. Short histories never get into that; those with a disk that fails are long, and avoid it.
    private func namesToReceiveFrom() -> [QueueName] {
        if engine.files.disk == nil { return names }
        let busy = receiving.union(parked.map { chain(of: $0.poll.queue) })
        return names.filter { !busy.contains(chain(of: $0)) }
    }

    /// Queues between which messages move have a chain in common.
    private func chain(of name: QueueName) -> String {
        switch name.name {
        case "a", "dead", "last": "a"
        case "f.fifo", "dead.fifo": "f.fifo"
        default: name.name
        }
    }

    private func receive(from name: QueueName, limit: Int, timeout: Int?, wait: Int) -> any Job {
        receiving.insert(chain(of: name))
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
            // While batches fail the sweeps rest, so that there may be messages that nobody can have.
            if messages.isEmpty, isDiskFailing { return }
            if messages.isEmpty, model.refusesShortPoll(name), waited != nil { return }
            let new = try model.receive(messages, limit: limit, timeout: timeout, from: name, stored: stored)
            if !new.isEmpty { lastReceive = (poll, new) }
            handles += new
            if handles.count > 40 { handles.removeFirst(10) }
        case .failure(.queueDoesNotExist):
            let incarnation = model.queues[name]?.incarnation
            guard incarnation == nil || waited.map({ $0.incarnation != incarnation }) ?? false else {
                throw Disagreement("\(name.name) was said to be missing")
            }
        case .failure(.overLimit):
            guard waited == nil, model.refusesShortPoll(name) else { throw Disagreement("over limit") }
        case .failure(let error):
            guard isDiskFailing, error.isOfStorage else { throw Disagreement("a receive ended with \(error)") }
            tell("a receive from \(name.name) fails: \(error)")
        }
    }

    private func delete() -> (any Job)? {
        if handles.isEmpty { return nil }
        return delete(one(of: chance(60) ? handles.suffix(8) : handles))
    }

    private func delete(_ handle: ReferenceQueues.Handle) -> any Job {
        let presented = PresentedHandle(handle.presented, text: "handle")
        return write(DeleteMessages(from: handle.queue, [presented]), to: handle.queue) { [self] result, stored in
            // The message may have been moved after this, by a receive of the same batch whose moves are known already.
            let isMoved = model.movedFrom.contains(handle.queue) && !model.isThere(handle)
            if isMoved, case .failure(let error) = result.flatMap({ $0[0] }), error == .receiptHandleExpired("handle") {
                return tell("delete from \(handle.queue.name): expired, then moved")
            }
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

    func create(_ name: QueueName) throws {
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

    /// A client goes away, while it waits or just after it was answered.
    private func abandon() throws {
        if chance(50), let waiting = parked.isEmpty ? nil : one(of: parked) {
            tell("a poll of \(waiting.poll.queue.name) is abandoned")
            parked.removeAll { $0.number == waiting.number }
            try batch([engine.abandonJob(waiting.poll)])
        } else if let (poll, handles) = lastReceive {
            tell("a receive from \(poll.queue.name) is abandoned")
            lastReceive = nil
            for handle in handles { model.giveBack(handle) }
            try batch([engine.abandonJob(poll)])
        }
        touched.formUnion(names)
    }

    private func restart() throws {
        if chance(50) {
            tell("stop and start")
            try engine.restart()
        } else {
            tell("crash")
            try engine.crash()
        }
        try restarted()
    }

    /// Clients that waited have lost their connection.
    func restarted() throws {
        answers = []
        parked = []
        lastReceive = nil
        try batch([])
        touched.formUnion(names)
    }

    // MARK: Batches

    func write<Operation: WriteOperation>(
        _ operation: Operation, to name: QueueName,
        _ check: @escaping (Result<Operation.Output, QueueError>, Stored) throws -> Void
    ) -> any Job {
        touched.insert(name)
        let history = Unchecked(self)
        let check = Unchecked(check)
        awaited += 1
        return WriteJob(operation: operation) { result in
            history.value.awaited -= 1
            history.value.answers.append { try history.value.take(result, $0, check.value) }
        }
    }

    private func take<Output>(
        _ result: Result<Output, QueueError>, _ stored: Stored,
        _ check: (Result<Output, QueueError>, Stored) throws -> Void
    ) throws {
        if isDiskFailing, case .failure(let error) = result, error.isOfStorage {
            return tell("a change fails: \(error)")
        }
        try check(result, stored)
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
    func batch(_ jobs: [any Job]) throws {
        var jobs = jobs
        repeat {
            engine.run(jobs)
            receiving = []
            guard awaited == 0 else { throw Disagreement("\(awaited) changes were not answered") }
            jobs = []
            try takeAnswers()
        } while engine.due.map { $0 <= engine.now } ?? false
        if !isDiskFailing { try checkWhoWaits() }
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

    func checkEverything() throws {
        try engine.files.checkInvariants()
        let stored = try engine.files.messages()
        for name in names where !model.isSame(stored[name.name] ?? [], in: name) {
            throw Disagreement("the messages of \(name.name) differ")
        }
        try checkCounts(of: Set(names))
    }
}

extension QueueError {
    fileprivate var isOfStorage: Bool { self == .storageFailed || self == .storageFull }
}

/// Carries a value of one thread past the compiler.
private struct Unchecked<Value>: @unchecked Sendable {  // used by the thread of its test only
    let value: Value

    init(_ value: Value) { self.value = value }
}
