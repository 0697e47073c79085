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
    /// All receives without an answer, by their number.
    var unanswered: [Int: Poll] = [:]
    var receives = 0
    var sends = 0
    /// Changes of the running batch that have no answer yet.
    private var awaited = 0
    /// What the answers of the running batch say, in the order of its jobs. They are given what the store holds after the
    /// batch.
    var answers: [(StoredMessages) throws -> Void] = []
    /// What the answers to polls say that had waited. They come first, but the polls are served after the jobs.
    var pollAnswers: [(StoredMessages) throws -> Void] = []
    /// What the store held after the job that is being answered; nil while polls are answered that had waited.
    var seen: StoredMessages?
    /// The answers of the jobs have been taken, what comes now was given to polls that had waited.
    var isPastJobs = false
    /// The last events, for the report.
    private(set) var story: [String] = []
    /// Stands for the whole history: FNV-1a over all events.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Calls to the disk fail, and requests with them.
    var isDiskFailing = false
    var cuts = 0
    /// Messages that move tasks have moved.
    var moves = 0
    /// The last receive that was answered with messages.
    var lastReceive: (poll: Poll, handles: [ReferenceQueues.Handle])?

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
            options: options, strictLimits: false, inFlightMax: inFlightMax, freePagesKept: 4, seed: seed, disk: disk)
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
            try checkCounts()
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
        case 370..<380: try moveMany()
        default: try requests()
        }
    }

    func advanceClock() throws {
        passTime()
        try batch([])
    }

    func passTime() {
        let milliseconds =
            switch number(below: 100) {
            case 0..<50: number(below: 1500)
            case 50..<60: engine.due.map { max(Int($0.since(model.now)), 0) } ?? 1
            case 60..<75: model.nextChange.map { Int($0.since(model.now)) } ?? 1
            case 75..<97: number(below: 20_000)
            default: number(below: 400_000)
            }
        engine.files.advance(milliseconds: Int64(milliseconds))
        tell("the clock goes on by \(milliseconds)")
        model.advance(to: engine.now)
    }

    func requests() throws {
        let jobs = (0...number(below: 4)).map { _ in request() }
        try batch(jobs)
    }

    func request() -> any Job {
        switch number(below: 100) {
        case 0..<25: send()
        case 25..<61: receive()
        case 61..<85: delete() ?? receive()
        case 85..<97: changeVisibility() ?? receive()
        case 97..<99: startMoveTask()
        default: cancelMoveTask()
        }
    }

    // MARK: Batches

    func write<Operation: WriteOperation>(
        _ operation: Operation, _ check: @escaping (Result<Operation.Output, QueueError>) throws -> Void
    ) -> any Job {
        let history = Unchecked(self)
        let check = Unchecked(check)
        awaited += 1
        return WriteJob(operation: operation) { result in
            history.value.awaited -= 1
            history.value.answers.append { _ in try history.value.take(result, check.value) }
        }
    }

    private func take<Output>(
        _ result: Result<Output, QueueError>, _ check: (Result<Output, QueueError>) throws -> Void
    ) throws {
        if isDiskFailing, case .failure(let error) = result, error.isOfStorage {
            return tell("a change fails: \(error)")
        }
        try check(result)
    }

    func alone<Operation: WriteOperation>(_ operation: Operation, _ apply: @escaping () -> Void) throws {
        try batch([
            write(operation) { result in
                _ = try result.get()
                apply()
            }
        ])
    }

    /// One batch, and those that follow until nothing is due.
    func batch(_ jobs: [any Job]) throws {
        var jobs = jobs
        var rounds = 0
        repeat {
            engine.run((model.hasRunningMoveTask ? [lookAtSweeps()] : []) + jobs)
            guard awaited == 0 else { throw Disagreement("\(awaited) changes were not answered") }
            try takeAnswers()
            rounds += 1
            // Tasks that move messages to and fro go on for ever.
            jobs = rounds % 100 == 0 ? cancelRunningMoveTasks() : []
        } while engine.due.map { $0 <= engine.now } ?? false
        if isDiskFailing { model.excuseMoveTasks() } else { try checkWhoWaits() }
    }

    private func takeAnswers() throws {
        // Polls that wait move messages too, unseen if they find nothing for themselves.
        let mayHaveMoved = !pollAnswers.isEmpty || !parked.isEmpty
        let taken = answers + pollAnswers
        answers = []
        pollAnswers = []
        let files = engine.files
        let stored = StoredMessages { try files.messages() }
        isPastJobs = false
        model.beginBatch()
        for answer in taken { try answer(stored) }
        guard mayHaveMoved else { return }
        passJobs()
        try model.adoptMoves(stored)
    }

    func passJobs() {
        if !isPastJobs { model.beginMoment() }
        isPastJobs = true
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
        try model.checkMoveTasks(due: engine.due)
    }

    // MARK: Comparing

    private func checkCounts() throws {
        let found = try engine.files.counts()
        for name in names {
            let expected = model.queues[name].map { _ in model.counts(name) }
            guard found[name.name] == expected else {
                throw Disagreement(
                    "\(name.name) says \(String(describing: found[name.name])), has \(String(describing: expected))")
            }
        }
    }

    private func checkQueue(_ name: QueueName) throws {
        guard model.queues[name] != nil else { return }
        let counts = try engine.files.description(of: name).counts
        guard counts == model.counts(name) else {
            throw Disagreement("\(name.name) says \(counts), has \(model.counts(name))")
        }
        try checkMoveTasks(of: name)
    }

    func checkEverything() throws {
        try engine.files.checkInvariants()
        let stored = try engine.files.messages()
        for name in names where !model.isSame(stored[name.name] ?? [], in: name) {
            throw Disagreement("the messages of \(name.name) differ")
        }
        for name in names { try checkQueue(name) }
    }
}

extension QueueError {
    var isOfStorage: Bool { self == .storageFailed || self == .storageFull }
}

extension Result {
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

/// Carries a value of one thread past the compiler.
struct Unchecked<Value>: @unchecked Sendable {  // used by the thread of its test only
    let value: Value

    init(_ value: Value) { self.value = value }
}
