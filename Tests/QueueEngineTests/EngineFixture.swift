import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// A receive under way, or what became of it.
final class Poll: @unchecked Sendable {  // used by the thread of its test only
    let queue: QueueName
    fileprivate let outcome = Outcome()
    fileprivate(set) var receiver: Receiver?

    init(queue: QueueName) { self.queue = queue }

    /// What the receiver knows of its poll: if it knew the poll itself, they would hold on to each other for ever.
    fileprivate final class Outcome: @unchecked Sendable {  // used by the thread of its test only
        var result: Result<[ReceivedMessage], QueueError>?
        var answers = 0
        var onAnswer: (Result<[ReceivedMessage], QueueError>) -> Void = { _ in }

        func answer(_ result: Result<[ReceivedMessage], QueueError>) {
            self.result = result
            answers += 1
            onAnswer(result)
        }
    }

    var result: Result<[ReceivedMessage], QueueError>? { outcome.result }
    var answers: Int { outcome.answers }

    /// Calls `body` with every answer. It must not hold on to the poll.
    func onAnswer(_ body: @escaping (Result<[ReceivedMessage], QueueError>) -> Void) { outcome.onAnswer = body }

    /// The bodies of the messages; nil while there is no answer, or one with an error.
    var texts: [String]? { messages?.map(\.text) }
    var messages: [ReceivedMessage]? { try? result?.get() }
    var error: QueueError? {
        if case .failure(let error) = result { error } else { nil }
    }
}

/// The result of an operation, once there is one.
final class Answered<Output: Sendable>: @unchecked Sendable {  // used by the thread of its test only
    var result: Result<Output, QueueError>?
}

/// An engine's core on a store of its own. Nothing happens but in `run`.
final class EngineFixture {
    let files: StoreFixture
    private(set) var core: EngineCore
    private let options: EngineOptions
    /// When the core wants to be called again, as it said last.
    private(set) var due: Timestamp?

    init(
        options: EngineOptions = EngineOptions(), strictLimits: Bool = true, inFlightMax: Int = 120_000,
        freePagesKept: Int = 1024, seed: UInt64 = 1, disk: FaultVFS? = nil
    ) throws {
        var options = options
        // It stands still, or a history would depend on the speed of the machine.
        options.stopwatch = { 0 }
        self.options = options
        files = try StoreFixture(
            strictLimits: strictLimits, inFlightMax: inFlightMax, freePagesKept: freePagesKept, seed: seed, disk: disk)
        core = EngineCore(store: files.store, options: options, now: files.now)
    }

    var now: Timestamp { files.now }

    // MARK: Time and batches

    /// One batch, or several if it would be a long one. Returns how many.
    @discardableResult
    func run(_ jobs: [any Job] = []) -> Int {
        var rest = jobs[...]
        var batches = 0
        repeat {
            let batch = core.run(rest, now: now)
            due = batch.due
            rest = rest.dropFirst(batch.done)
            batches += 1
        } while !rest.isEmpty
        return batches
    }

    /// Batches until nothing is due.
    func settle() {
        repeat { run() } while due.map { $0 <= now } ?? false
    }

    /// Moves the clock on and does what is due then.
    func advance(seconds: Int = 0, milliseconds: Int64 = 0) {
        files.advance(milliseconds: Int64(seconds) * 1000 + milliseconds)
        settle()
    }

    func restart() throws {
        core.endPolls()
        try files.reopen()
        core = EngineCore(store: files.store, options: options, now: now)
    }

    func crash() throws {
        try files.crash()
        core = EngineCore(store: files.store, options: options, now: now)
    }

    /// Power comes back after a cut; see ``StoreFixture/restorePower(unsynced:seed:cutAtChange:)``.
    func restorePower(unsynced fate: FaultVFS.Fate, seed: UInt64, cutAtChange nth: Int?) throws {
        try files.restorePower(unsynced: fate, seed: seed, cutAtChange: nth)
        core = EngineCore(store: files.store, options: options, now: now)
    }

    // MARK: Jobs

    func write<Operation: WriteOperation>(_ operation: Operation) -> (any Job, Answered<Operation.Output>) {
        let answered = Answered<Operation.Output>()
        return (WriteJob(operation: operation) { answered.result = $0 }, answered)
    }

    /// Runs one operation in a batch of its own.
    @discardableResult
    func perform<Operation: WriteOperation>(_ operation: Operation) throws -> Operation.Output {
        let (job, answered) = write(operation)
        run([job])
        guard let result = answered.result else { preconditionFailure("no answer") }
        return try result.get()
    }

    func receiveJob(
        from queue: QueueName, limit: Int = 10, timeout: Int? = nil, wait: Int? = nil, attempt: String? = nil
    ) -> (any Job, Poll) {
        let poll = Poll(queue: queue)
        let outcome = poll.outcome
        let receiver = Receiver(
            name: queue, limit: limit, visibilityTimeoutSeconds: timeout, attemptID: attempt, waitSeconds: wait
        ) { outcome.answer($0) }
        poll.receiver = receiver
        return (ReceiveJob(receiver: receiver), poll)
    }

    /// A receive in a batch of its own; it waits for that many seconds.
    func poll(
        _ queue: QueueName, limit: Int = 10, timeout: Int? = nil, wait: Int? = 20, attempt: String? = nil
    ) -> Poll {
        let (job, poll) = receiveJob(from: queue, limit: limit, timeout: timeout, wait: wait, attempt: attempt)
        run([job])
        return poll
    }

    func abandonJob(_ poll: Poll) -> any Job {
        guard let receiver = poll.receiver else { preconditionFailure("the poll was never made") }
        return AbandonJob(receiver: receiver)
    }

    func abandon(_ poll: Poll) { run([abandonJob(poll)]) }

    // MARK: What clients do

    @discardableResult
    func createQueue(_ name: String, _ attributes: [String: String] = [:]) throws -> QueueName {
        let queue = QueueName(account: "000000000000", region: "us-east-1", name: name)
        var attributes = attributes
        if name.hasSuffix(".fifo") { attributes["FifoQueue"] = "true" }
        try perform(CreateQueue(name: queue, attributes: try QueueAttributeChanges(attributes), tags: [:]))
        return queue
    }

    @discardableResult
    func send(_ body: String, to queue: QueueName, delay: Int? = nil, group: String? = nil) throws -> SentMessage {
        try perform(sending(body, to: queue, delay: delay, group: group))[0].get()
    }

    func sending(_ body: String, to queue: QueueName, delay: Int? = nil, group: String? = nil) -> SendMessages {
        let id = group.map { _ in body }
        let message = OutgoingMessage(body, delay: delay, group: group, deduplicationID: id)
        return SendMessages(to: queue, [message], isBatch: false)
    }

    func delete(_ message: ReceivedMessage, from queue: QueueName) throws {
        try perform(DeleteMessages(from: queue, [message.presented]))[0].get()
    }

    func changeVisibility(of message: ReceivedMessage, in queue: QueueName, to seconds: Int) throws {
        try perform(
            ChangeMessageVisibility(in: queue, [.init(message.presented, timeoutSeconds: seconds)])
        )[0].get()
    }
}
