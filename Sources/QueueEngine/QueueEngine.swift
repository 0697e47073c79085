import Platform
import QueueModel
import QueueStore
import Synchronization

/// The queues over time: one thread that writes, one that reads, and whoever waits for messages.
///
/// Every method may be called from any thread and returns at once; completions run on the engine's threads and must
/// not block.
package final class QueueEngine: Sendable {
    /// The secret that seals receipt handles.
    package let receiptHandleKey: [UInt8]

    private let writes: Mailbox<any Job>
    private let reads: Mailbox<ReadJob>
    private let report: @Sendable (StoreFailure) -> Void
    private let threads = Mutex<[Thread]>([])

    /// Opens the store and starts the threads. `report` is told of every failure of the storage, from any thread.
    package init(
        store storeOptions: sending StoreOptions, options: EngineOptions = EngineOptions(), clock: any Clock,
        report: @escaping @Sendable (StoreFailure) -> Void
    ) throws {
        self.report = report
        writes = Mailbox(capacity: options.waitingRequestsMax)
        reads = Mailbox(capacity: options.waitingRequestsMax)
        let store = try Store(
            options: storeOptions, now: Timestamp(milliseconds: clock.now()), report: report)
        let clock = ForwardClock(clock, from: store.latestTime())
        let now = clock.now()
        receiptHandleKey = store.receiptHandleKey
        let reader = Handover(try store.openReader())
        let core = Handover((store: store, core: EngineCore(store: store, options: options, now: now)))
        let readerThread = try Thread.start(named: "reader") { [reads, report] in
            Self.runReader(reader.value, jobs: reads, report: report)
        }
        let writerThread = try Thread.start(named: "writer") { [writes, reads, clock] in
            Self.runWriter(core.value.core, jobs: writes, clock: clock)
            // The reader goes first: the last connection to close folds the WAL in, and only this one may.
            reads.close()
            readerThread.join()
            core.value.store.close()
        }
        threads.withLock { $0 = [writerThread] }
    }

    /// Runs a change and calls `completion` when it is on disk, or has failed.
    package func write<Operation: WriteOperation>(
        _ operation: Operation, then completion: @escaping @Sendable (Result<Operation.Output, QueueError>) -> Void
    ) {
        if !writes.post(WriteJob(operation: operation, completion: completion)) {
            completion(.failure(refusal))
        }
    }

    /// From now until ``startGathered()`` changes and receives wait, to be done in one transaction and synced once.
    package func gather() { writes.gather() }

    /// Starts what has come since ``gather()``.
    package func startGathered() { writes.handOver() }

    /// Answers a question from what is on disk.
    package func read<Operation: ReadOperation>(
        _ operation: Operation, then completion: @escaping @Sendable (Result<Operation.Output, QueueError>) -> Void
    ) {
        let report = report
        if !reads.post(ReadJob { reader in completion(reader.read(operation, report: report)) }) {
            completion(.failure(refusal))
        }
    }

    /// Hands out messages: at once if there are any, else as soon as there are within `waitSeconds`. An empty result
    /// says that there were none.
    ///
    /// - Parameters:
    ///   - visibilityTimeoutSeconds: nil takes the queue's.
    ///   - waitSeconds: nil takes the queue's.
    /// - Returns: what ``abandon(_:)`` takes if the client goes away before the completion. Its ``Receiver/receivedBytes``
    ///   must be kept as long as the messages are.
    package func receive(
        from name: QueueName, limit: Int, visibilityTimeoutSeconds: Int?, attemptID: String?, waitSeconds: Int?,
        then completion: @escaping @Sendable (Result<[ReceivedMessage], QueueError>) -> Void
    ) -> Receiver {
        let receiver = Receiver(
            name: name, limit: limit, visibilityTimeoutSeconds: visibilityTimeoutSeconds, attemptID: attemptID,
            waitSeconds: waitSeconds, completion: completion)
        if !writes.post(ReceiveJob(receiver: receiver)) { completion(.failure(refusal)) }
        return receiver
    }

    /// The client of a receive has gone away. Messages it was just given become visible again.
    package func abandon(_ receiver: Receiver) {
        // With the mailbox full or closed the messages come back when their visibility timeout is over.
        _ = writes.post(AbandonJob(receiver: receiver))
    }

    /// Ends all long polls with an empty answer and refuses new work; what was accepted is finished. Returns when the
    /// file is closed, to every caller.
    package func stop() {
        writes.close()
        threads.withLock { running in
            for thread in running { thread.join() }
            running = []
        }
    }

    private var refusal: QueueError { writes.isClosed ? .shuttingDown : .overloaded }

    /// Jobs of one batch, so that no answer waits for a commit that is long in the making.
    private static let batchMax = 1000

    /// After so long without a change memory is given back that was kept for more of them.
    private static let keepsMemoryMilliseconds: Int64 = 10_000

    private static func runWriter(_ core: EngineCore, jobs: Mailbox<any Job>, clock: ForwardClock) {
        var taken: [any Job] = []
        var due = core.run([], now: clock.now()).due
        var changedRows = core.changedRows
        var releaseDue: Timestamp? = clock.now().adding(milliseconds: keepsMemoryMilliseconds)
        while !jobs.isFinished {
            let next = due.orEarlier(releaseDue)
            jobs.takeAll(into: &taken, timeoutMilliseconds: next.map { max(0, $0.since(clock.now())) })
            var rest = taken[...]
            var now: Timestamp
            repeat {
                now = clock.now()
                let batch = core.run(rest.prefix(batchMax), now: now)
                due = batch.due
                rest = rest.dropFirst(batch.done)
            } while !rest.isEmpty
            if core.changedRows != changedRows {
                changedRows = core.changedRows
                releaseDue = now.adding(milliseconds: keepsMemoryMilliseconds)
            } else if let release = releaseDue, release <= now {
                core.releaseMemory()
                releaseDue = nil
            }
        }
        core.endPolls()
    }

    private static func runReader(
        _ reader: StoreReader, jobs: Mailbox<ReadJob>, report: @Sendable (StoreFailure) -> Void
    ) {
        while !jobs.isFinished {
            for job in jobs.takeAll(timeoutMilliseconds: nil) { job.run(reader) }
        }
        reader.close(report: report)
    }
}

private struct ReadJob: Sendable {
    let run: @Sendable (StoreReader) -> Void
}
