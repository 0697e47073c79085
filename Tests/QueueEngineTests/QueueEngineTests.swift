import Dispatch
import Platform
import QueueModel
import QueueStore
import Synchronization
import TestSupport
import Testing

@testable import QueueEngine

private let queue = QueueName(account: "000000000000", region: "us-east-1", name: "q")

private func send(_ body: String) -> SendMessages {
    SendMessages(to: queue, [OutgoingMessage(body)], isBatch: false)
}

/// The engine with its threads. Nothing here waits for time: every wait is for an answer.
struct QueueEngineTests {
    private let directory = TemporaryDirectory()
    private let clock = ManualClock()

    private func start(_ options: EngineOptions = EngineOptions()) throws -> QueueEngine {
        try QueueEngine(
            store: StoreOptions(path: directory.file("q.db"), durability: .relaxed, inFlightMax: 100_000),
            options: options, clock: clock
        ) { Issue.record("storage: \($0)") }
    }

    /// Calls, and waits for the answer.
    private func wait<Output: Sendable>(
        _ call: (@escaping @Sendable (Result<Output, QueueError>) -> Void) -> Void
    ) throws -> Output {
        let answered = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Output, QueueError>?>(nil)
        call { answer in
            result.withLock { $0 = answer }
            answered.signal()
        }
        answered.wait()
        guard let answer = result.withLock({ $0 }) else { preconditionFailure("no answer") }
        return try answer.get()
    }

    private func createQueue(on engine: QueueEngine) throws {
        let create = CreateQueue(name: queue, attributes: try QueueAttributeChanges([:]), tags: [:])
        try wait { engine.write(create, then: $0) }
    }

    @Test func `what was answered is there after a stop and a start, in one file`() throws {
        var engine = try start()
        try createQueue(on: engine)
        _ = try wait { engine.write(send("a"), then: $0) }
        engine.stop()
        #expect(directory.files == ["q.db"])
        engine = try start()
        let counts = try wait { engine.read(GetQueueAttributes(name: queue), then: $0) }.counts
        #expect(counts.visible == 1)
        engine.stop()
        #expect(directory.files == ["q.db"])
    }

    @Test func `a stop ends long polls with nothing, and refuses new work`() throws {
        let engine = try start()
        try createQueue(on: engine)
        let ended = DispatchSemaphore(value: 0)
        let results = Mutex<[Result<[ReceivedMessage], QueueError>]>([])
        for _ in 0..<10 {
            _ = engine.receive(
                from: queue, limit: 1, visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: 20
            ) { result in
                results.withLock { $0.append(result) }
                ended.signal()
            }
        }
        engine.stop()
        for _ in 0..<10 { ended.wait() }
        #expect(results.withLock { $0 }.allSatisfy { (try? $0.get())?.isEmpty ?? false })
        #expect(throws: QueueError.shuttingDown) { try wait { engine.write(send("a"), then: $0) } }
        #expect(throws: QueueError.shuttingDown) { try wait { engine.read(FindQueue(name: queue), then: $0) } }
        #expect(throws: QueueError.shuttingDown) {
            try wait { answer in
                _ = engine.receive(
                    from: queue, limit: 1, visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: 20, then: answer)
            }
        }
    }

    @Test func `a send wakes a long poll on another thread`() throws {
        let engine = try start()
        defer { engine.stop() }
        try createQueue(on: engine)
        let messages: [ReceivedMessage] = try wait { answer in
            _ = engine.receive(
                from: queue, limit: 1, visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: 20, then: answer)
            engine.write(send("a")) { #expect((try? $0.get()) != nil) }
        }
        #expect(messages.map(\.text) == ["a"])
    }

    @Test func `many senders and receivers: every message comes to one receiver, once`() throws {
        let engine = try start()
        defer { engine.stop() }
        try createQueue(on: engine)
        let senders = 4
        let messagesEach = 250
        let received = Mutex<[String]>([])
        let done = DispatchSemaphore(value: 0)
        @Sendable func receive() {
            _ = engine.receive(
                from: queue, limit: 10, visibilityTimeoutSeconds: nil, attemptID: nil, waitSeconds: 20
            ) { result in
                guard let messages = try? result.get(), !messages.isEmpty else { return }
                engine.write(DeleteMessages(from: queue, messages.map(\.presented))) { _ in }
                let count = received.withLock {
                    $0 += messages.map(\.text)
                    return $0.count
                }
                if count == senders * messagesEach { done.signal() } else { receive() }
            }
        }
        for _ in 0..<4 { receive() }
        let threads = try (0..<senders).map { sender in
            try Thread.start(named: "sender") {
                for number in 0..<messagesEach { engine.write(send("\(sender)-\(number)")) { _ in } }
            }
        }
        for thread in threads { thread.join() }
        done.wait()
        let bodies = received.withLock { $0 }
        #expect(bodies.count == senders * messagesEach)
        #expect(Set(bodies).count == bodies.count)
        // Whatever was asked before is done when this is answered.
        try wait { engine.write(CheckHealth(), then: $0) }
        let left = try wait { engine.read(GetQueueAttributes(name: queue), then: $0) }.counts
        #expect(left == MessageCounts())
    }

    @Test func `an engine is stopped by many threads at once, while others send`() throws {
        for _ in 0..<5 {
            let engine = try start()
            try? createQueue(on: engine)
            let answers = Atomic<Int>(0)
            let senders = try (0..<2).map { _ in
                try Thread.start(named: "sender") {
                    for _ in 0..<100 { engine.write(send("a")) { _ in answers.add(1, ordering: .relaxed) } }
                }
            }
            let stoppers = try (0..<4).map { _ in try Thread.start(named: "stopper") { engine.stop() } }
            for thread in senders + stoppers { thread.join() }
            #expect(answers.load(ordering: .relaxed) == 200)
            #expect(directory.files == ["q.db"])
        }
    }

    @Test func `more requests than may wait are refused`() throws {
        var options = EngineOptions()
        options.waitingRequestsMax = 4
        let engine = try start(options)
        defer { engine.stop() }
        try createQueue(on: engine)
        let blocked = DispatchSemaphore(value: 0)
        let free = DispatchSemaphore(value: 0)
        engine.write(CheckHealth()) { _ in
            blocked.signal()
            free.wait()
        }
        blocked.wait()
        let refused = Atomic<Int>(0)
        let answered = DispatchSemaphore(value: 0)
        for _ in 0..<10 {
            engine.write(send("a")) { result in
                if case .failure(.overloaded) = result { refused.add(1, ordering: .relaxed) }
                answered.signal()
            }
        }
        free.signal()
        for _ in 0..<10 { answered.wait() }
        #expect(refused.load(ordering: .relaxed) == 6)
    }
}
