import Crypto
import Glibc
import QueueModel
import QueueStore

/// Failures of the storage, as the store reported them.
package final class FailureLog {
    package private(set) var all: [StoreFailure] = []

    package init() {}

    package func append(_ failure: StoreFailure) { all.append(failure) }

    package func takeAll() -> [StoreFailure] {
        defer { all = [] }
        return all
    }
}

/// The store contradicts itself.
package struct InvariantViolation: Error, CustomStringConvertible {
    package let description: String
}

/// A store in a file of its own, with a clock that stands still. Every operation runs in a batch of its own, and after
/// each the whole file is checked for contradictions.
package final class StoreFixture {
    package var now = Timestamp(milliseconds: 1_700_000_000_000)
    package let directory = TemporaryDirectory()
    /// The disk that may fail, if the file is on one.
    package let disk: FaultVFS?
    package private(set) var store: Store
    /// What the store reported. A test that provokes failures takes them out again.
    package let failures = FailureLog()
    /// Whether the file is checked after each operation.
    package var checksInvariants = true

    private var options: StoreOptions
    private var fileNumber = 1
    private var isOpen = true
    package private(set) var reader: StoreReader
    private var invariants: StoreInvariants

    package init(
        strictLimits: Bool = true, inFlightMax: Int = 120_000, freePagesKept: Int = 1024, seed: UInt64 = 1,
        disk: FaultVFS? = nil
    ) throws {
        self.disk = disk
        options = StoreOptions(
            path: disk == nil ? directory.file("store-1.db") : "store.db", durability: disk == nil ? .relaxed : .full,
            vfs: disk?.name, strictLimits: strictLimits, inFlightMax: inFlightMax, random: SeededRandom(seed: seed))
        options.freePagesKept = freePagesKept
        store = try Store(options: options, now: now) { [failures] in failures.append($0) }
        reader = try store.openReader()
        invariants = try StoreInvariants(path: options.path, vfs: disk?.name)
    }

    deinit { closeAll() }

    package var path: String { options.path }

    // MARK: Time

    package func advance(seconds: Int) { now = now.adding(seconds: seconds) }
    package func advance(milliseconds: Int64) { now = now.adding(milliseconds: milliseconds) }

    // MARK: Life of the file

    /// Closes the store as a clean stop does. Whatever follows must be ``open()``.
    package func close() { closeAll() }

    package func open() throws {
        let opened = try Store(options: options, now: now) { [failures] in failures.append($0) }
        do {
            try undisturbed {
                reader = try opened.openReader()
                invariants = try StoreInvariants(path: options.path, vfs: disk?.name)
            }
        } catch {
            opened.close()
            throw error
        }
        store = opened
        isOpen = true
    }

    package func reopen() throws {
        close()
        try open()
    }

    /// What a killed daemon leaves behind, opened anew: the database and its WAL as they are now.
    package func crash() throws {
        if let disk {
            disk.killProcess()
            closeDead()
            return try open()
        }
        let old = "store-\(fileNumber).db"
        fileNumber += 1
        let new = "store-\(fileNumber).db"
        directory.write(directory.contents(old) ?? [], to: new)
        if let wal = directory.contents("\(old)-wal") { directory.write(wal, to: "\(new)-wal") }
        closeAll()
        directory.remove(old)
        options.path = directory.file(new)
        try open()
    }

    /// Power comes back after a cut, and the file is opened anew. Where power fails again in the middle of that, this
    /// throws and may be called again.
    package func restorePower(unsynced fate: FaultVFS.Fate, seed: UInt64, cutAtChange nth: Int?) throws {
        guard let disk else { preconditionFailure("no disk of its own") }
        closeDead()
        disk.restorePower(unsynced: fate, seed: seed)
        if let nth { disk.cutPower(atChange: nth) }
        try open()
    }

    /// Runs `body`, the test's own look at the file, without faults.
    package func undisturbed<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let disk else { return try body() }
        return try disk.undisturbed(body)
    }

    /// A dead process closes nothing: whatever fails by that is no news.
    private func closeDead() {
        closeAll()
        _ = failures.takeAll()
    }

    private func closeAll() {
        guard isOpen else { return }
        isOpen = false
        try? invariants.close()
        reader.close(report: failures.append)
        store.close()
    }

    // MARK: Operations

    /// Runs one operation in a batch of its own.
    @discardableResult
    package func perform<Operation: WriteOperation>(_ operation: Operation) throws -> Operation.Output {
        var result: Result<Operation.Output, QueueError> = .failure(.storageFailed)
        _ = try batch { result = $0.perform(operation) }
        return try result.get()
    }

    /// Runs `body` in one batch.
    @discardableResult
    package func batch(_ body: (WriteTransaction) -> Void) throws -> BatchNews {
        let news = try store.transact(at: now, body).get()
        store.checkpointIfDue()
        if checksInvariants { try checkInvariants() }
        return news
    }

    /// Bytes of the database's own file, or of the one beside it whose name ends so.
    package func fileSize(suffix: String = "") -> Int {
        var status = stat()
        precondition(stat(path + suffix, &status) == 0, "no \(path)\(suffix)")
        return Int(status.st_size)
    }

    package func read<Operation: ReadOperation>(_ operation: Operation) throws -> Operation.Output {
        try undisturbed { try reader.read(operation, report: failures.append).get() }
    }

    /// The ids of the messages of every queue, in the order of their numbers, by the queue's name.
    package func messages() throws -> [String: [MessageID]] { try undisturbed(invariants.messages) }

    /// What the store says of every queue, by the queue's name.
    package func counts() throws -> [String: MessageCounts] { try undisturbed(invariants.counts) }

    /// Pages of the database.
    package func pageCount() throws -> Int { try undisturbed(invariants.pageCount) }

    /// Lets SQLite look for damage in the whole file.
    package func checkForDamage() throws {
        let damage = try undisturbed(invariants.damage)
        guard damage.isEmpty else { throw InvariantViolation(description: damage.joined(separator: "\n")) }
    }

    package func checkInvariants() throws {
        let violations = try failures.all.map { "storage: \($0)" } + undisturbed(invariants.violations)
        guard violations.isEmpty else {
            throw InvariantViolation(description: violations.joined(separator: "\n"))
        }
    }
}

// MARK: What clients do

extension StoreFixture {
    @discardableResult
    package func createQueue(
        _ name: String, _ attributes: [String: String] = [:], tags: [String: String] = [:], region: String = "us-east-1"
    ) throws -> QueueName {
        let queue = QueueName(account: "000000000000", region: region, name: name)
        var attributes = attributes
        if name.hasSuffix(".fifo"), attributes["FifoQueue"] == nil { attributes["FifoQueue"] = "true" }
        try perform(CreateQueue(name: queue, attributes: try QueueAttributeChanges(attributes), tags: tags))
        return queue
    }

    package func setAttributes(of queue: QueueName, _ attributes: [String: String]) throws {
        try perform(SetQueueAttributes(name: queue, attributes: try QueueAttributeChanges(attributes)))
    }

    package func description(of queue: QueueName) throws -> QueueDescription {
        try read(GetQueueAttributes(name: queue))
    }

    /// Visible, in flight, delayed.
    package func counts(_ queue: QueueName) throws -> [Int] {
        let counts = try description(of: queue).counts
        return [counts.visible, counts.inFlight, counts.delayed]
    }

    @discardableResult
    package func send(
        _ body: String, to queue: QueueName, delay: Int? = nil, group: String? = nil, deduplicationID: String? = nil
    ) throws -> SentMessage {
        let message = OutgoingMessage(body, delay: delay, group: group, deduplicationID: deduplicationID)
        return try perform(SendMessages(to: queue, [message], isBatch: false))[0].get()
    }

    package func receive(
        from queue: QueueName, _ limit: Int = 10, timeout: Int? = nil, waits: Bool = false, attempt: String? = nil
    ) throws -> [ReceivedMessage] {
        try perform(
            ReceiveMessages(
                from: queue, limit: limit, visibilityTimeoutSeconds: timeout, waits: waits, attemptID: attempt))
    }

    /// The bodies of what a receive hands out.
    package func receiveTexts(from queue: QueueName, _ limit: Int = 10, timeout: Int? = nil) throws -> [String] {
        try receive(from: queue, limit, timeout: timeout).map(\.text)
    }

    package func delete(_ message: ReceivedMessage, from queue: QueueName) throws {
        try perform(DeleteMessages(from: queue, [message.presented]))[0].get()
    }

    package func changeVisibility(of message: ReceivedMessage, in queue: QueueName, to seconds: Int) throws {
        try perform(
            ChangeMessageVisibility(in: queue, [.init(message.presented, timeoutSeconds: seconds)])
        )[0].get()
    }
}

// MARK: Sweeps

extension StoreFixture {
    @discardableResult
    package func makeDueVisible(limit: Int = 1000) throws -> SweepResult {
        try perform(MakeDueMessagesVisible(limit: limit))
    }

    /// The whole of a pass, a part at a time.
    package func changeDelays(limit: Int = 100) throws {
        var position: ChangeDelays.Position?
        repeat { position = try perform(ChangeDelays(from: position, limit: limit)) } while position != nil
    }

    @discardableResult
    package func removeExpired(from queue: QueueName, limit: Int = 1000) throws -> SweepResult {
        try perform(RemoveExpiredMessages(queue: try id(of: queue), limit: limit))
    }

    @discardableResult
    package func moveExhausted(
        from queue: QueueName, limit: Int = 1000, graceMilliseconds: Int64 = 60_000
    ) throws -> SweepResult {
        try perform(
            MoveExhaustedMessages(queue: try id(of: queue), limit: limit, graceMilliseconds: graceMilliseconds))
    }

    /// Empties all left backlogs, a batch at a time. Returns the number of batches.
    @discardableResult
    package func emptyLeftBacklogs(limit: Int = 1000) throws -> Int {
        var batches = 0
        while try perform(EmptyLeftBacklogs(limit: limit)).count > 0 { batches += 1 }
        return batches
    }

    @discardableResult
    package func removeExpiredRecords(limit: Int = 1000) throws -> SweepResult {
        try perform(RemoveExpiredRecords(limit: limit))
    }

    @discardableResult
    package func giveBackFreePages(
        limit: Int = 1000, isTimeOver: @escaping @Sendable () -> Bool = { false }
    ) throws -> SweepResult {
        try perform(GiveBackFreePages(limit: limit, isTimeOver: isTimeOver))
    }

    package func id(of queue: QueueName) throws -> QueueID {
        var found: Result<QueueRecord, QueueError> = .failure(.queueDoesNotExist)
        try batch { found = $0.find(queue) }
        return try found.get().id
    }
}

extension OutgoingMessage {
    package init(_ body: String, delay: Int? = nil, group: String? = nil, deduplicationID: String? = nil) {
        let bytes = Array(body.utf8)
        self.init(
            body: bytes, bodyMD5: MD5.digest(of: bytes), size: bytes.count, delaySeconds: delay, groupID: group,
            deduplicationID: deduplicationID)
    }
}

extension ReceivedMessage {
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var presented: PresentedHandle { PresentedHandle(handle, text: "handle") }

    /// The handle as it was given out on FIFO queues before schema version 7.
    package var presentedWithoutGroup: PresentedHandle {
        let old = ReceiptHandle(
            queue: handle.queue, backlog: handle.backlog, message: handle.message, group: .none,
            receiveCount: handle.receiveCount, receivedAt: handle.receivedAt)
        return PresentedHandle(old, text: "old")
    }
}
