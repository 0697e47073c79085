import Platform
import QueueModel
import QueueStore

/// The engine without its threads: batches of jobs in, answers out, and the time of the next work. Everything it does
/// follows from its jobs, the given times and the store's random source, so whole histories can be replayed.
final class EngineCore {
    private let store: Store
    private let options: EngineOptions
    private var parked = ParkedReceivers()
    private var sweeps: SweepSchedule
    /// When the next of them is due, which takes a while to find out.
    private var nextSweep: Timestamp?
    /// Receives that found nothing while due messages were still hidden, or before they had looked at all messages: an
    /// empty answer would be wrong. And those for whose messages there was no memory.
    private var deferred: [Receiver] = []
    /// Queues whose parked receivers have to be served again, for one of the last two reasons.
    private var unserved: Set<QueueID> = []
    /// When the store is to be asked again what there is to sweep, because it could not tell.
    private var planningDue: Timestamp?
    /// The last batch failed.
    private var hasFailed = false
    /// In how many batches a receive that does not wait looks at most, where one cannot look at all that may be there.
    private static let putOffMax = 100
    /// How long the sweeps rest after a batch that failed, so that a broken disk is not asked without end.
    private static let failurePauseMilliseconds: Int64 = 1000
    /// How long receives wait for the answers of others to be made.
    private static let memoryPauseMilliseconds: Int64 = 1
    /// Answers of the running batch.
    private var answers: [Answer] = []
    /// Those of its long polls that had waited. They are given first: whoever sent a message only learns that it was taken.
    private var pollAnswers: [Answer] = []
    private let receivedMemory: ReceivedMemory

    init(store: Store, options: EngineOptions, now: Timestamp) {
        self.store = store
        self.options = options
        receivedMemory = ReceivedMemory(limit: options.receivedBytesMax)
        sweeps = SweepSchedule(
            queues: [], queuesWithMoveTask: [], changesDelays: false, now: now, options: options)
        planSweeps(from: now)
    }

    /// Makes a new schedule of what the store has to sweep.
    private func planSweeps(from start: Timestamp) {
        let queues = store.allQueues()
        let moving = store.queuesWithMoveTask()
        let changesDelays = store.isChangingDelays()
        sweeps = SweepSchedule(
            queues: queues ?? [], queuesWithMoveTask: moving ?? [], changesDelays: changesDelays ?? false, now: start,
            options: options)
        planningDue = queues == nil || moving == nil || changesDelays == nil ? start : nil
        nextSweep = sweeps.next
    }

    private func areSweepsDue(at now: Timestamp) -> Bool { nextSweep.map { $0 <= now } ?? false }

    /// Does everything that is due and `jobs` in one transaction, then gives the answers. Returns how many of the jobs it has
    /// dealt with, which are all unless they would make a long transaction, and when it has to be called again though no job
    /// has come.
    func run(_ jobs: ArraySlice<any Job>, now: Timestamp) -> (done: Int, due: Timestamp?) {
        if let planningDue, planningDue <= now { planSweeps(from: now) }
        // The end of a long poll alone needs no transaction.
        let hasWork = !jobs.isEmpty || !deferred.isEmpty || !unserved.isEmpty || areSweepsDue(at: now)
        // What makes batches fail must not undo the sweeps again and again, among which are those that free room.
        if hasFailed, !jobs.isEmpty, areSweepsDue(at: now) { _ = runBatch([], now: now) }
        let done = hasWork ? runBatch(jobs, now: now) : 0
        while let receiver = parked.removeTimedOut(at: now) { receiver.completion(.success([])) }
        store.checkpointIfDue()
        let retry = nextTry(now: now)
        return (done, retry.orEarlier(nextSweep).orEarlier(planningDue).orEarlier(parked.nextTimeout))
    }

    /// Returns how many of the jobs it has dealt with.
    private func runBatch(_ jobs: ArraySlice<any Job>, now: Timestamp) -> Int {
        let hasSweeps = areSweepsDue(at: now)
        let again = deferred
        deferred.removeAll()
        var hasBegun = false
        var done = 0
        let result = store.transact(at: now) { transaction in
            hasBegun = true
            sweeps.run(in: transaction)
            let swept = transaction.changedRows
            for receiver in again where !receiver.isAbandoned { keep(receive(receiver, transaction)) }
            for job in jobs {
                if done > 0, transaction.isLong { break }
                keep(job.run(in: self, transaction))
                done += 1
            }
            serveParked(transaction)
            sweeps.makeWay(forRequests: transaction.changedRows - swept)
        }
        finish(result, hasSweeps, now: now)
        guard case .failure(let error) = result, !hasBegun else { return done }
        deferred = again
        for job in jobs { job.refuse(in: self, with: error) }
        return jobs.count
    }

    /// When receives are to be tried again that could not be answered yet.
    private func nextTry(now: Timestamp) -> Timestamp? {
        if deferred.isEmpty, unserved.isEmpty { return nil }
        if hasFailed { return now.adding(milliseconds: Self.failurePauseMilliseconds) }
        return receivedMemory.isUsedUp ? now.adding(milliseconds: Self.memoryPauseMilliseconds) : now
    }

    /// Rows changed so far.
    var changedRows: Int64 { store.changedRows }

    /// Gives back the memory that is kept for the next batches.
    func releaseMemory() {
        store.releaseMemory()
        Memory.returnFreedPages()
    }

    /// Ends all long polls with an empty answer.
    func endPolls() {
        for receiver in parked.removeAll() + deferred { receiver.completion(.success([])) }
        deferred.removeAll()
    }

    private func keep(_ answer: Answer?) {
        if let answer { answers.append(answer) }
    }

    private func finish(_ result: Result<BatchNews, QueueError>, _ hadSweeps: Bool, now: Timestamp) {
        switch result {
        case .success(let news):
            giveAnswers(nil)
            sweeps.note(news, at: now)
            hasFailed = false
        case .failure(let failure):
            giveAnswers(failure)
            // What the sweeps did was undone with the batch.
            if hadSweeps { planSweeps(from: now.adding(milliseconds: Self.failurePauseMilliseconds)) }
            unserved = parked.queues
            hasFailed = true
        }
        nextSweep = sweeps.next
    }

    private func giveAnswers(_ failure: QueueError?) {
        for answer in pollAnswers { answer(failure) }
        for answer in answers { answer(failure) }
        pollAnswers.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
    }

    // MARK: Receiving

    /// Hands messages to a receiver, or parks it if it has time.
    func receive(_ receiver: Receiver, _ transaction: WriteTransaction) -> Answer? {
        if receiver.isAbandoned { return nil }
        guard !receivedMemory.isUsedUp else {
            deferred.append(receiver)
            return nil
        }
        let found = transaction.find(receiver.name)
        guard case .success(let queue) = found else { return answer(receiver, found.map { _ in [] }) }
        let waitSeconds = receiver.waitSeconds ?? queue.settings.receiveWaitSeconds
        let received = transaction.perform(receiver.operation(waits: waitSeconds > 0))
        guard case .success(let messages) = received, messages.isEmpty else { return answer(receiver, received) }
        let isUnfinished = transaction.news.unfinishedQueues.remove(queue.id) != nil
        if waitSeconds > 0 {
            guard parked.count < options.parkedReceiversMax else { return answer(receiver, .failure(.overloaded)) }
            parked.park(receiver, at: queue.id, until: transaction.now.adding(seconds: waitSeconds))
            if isUnfinished { unserved.insert(queue.id) }
            return nil
        }
        // Only what the queue itself hides may be due.
        let mayBeMore = isUnfinished || sweeps.isBehind(at: transaction.now) && transaction.hasHiddenMessages(queue)
        guard mayBeMore, receiver.putOffCount < Self.putOffMax else { return answer(receiver, received) }
        receiver.putOffCount += 1
        deferred.append(receiver)
        return nil
    }

    /// The client has gone: nothing more is selected for it, and what it got just before is visible again at once. The
    /// messages of a receive that can be repeated stay hidden for the client to come back for.
    func abandon(_ receiver: Receiver, _ transaction: WriteTransaction) -> Answer? {
        forget(receiver)
        let received = receiver.received
        receiver.received = []
        guard !received.isEmpty, receiver.attemptID == nil else { return nil }
        _ = transaction.perform(ReturnMessages(to: receiver.name, received))
        return nil
    }

    /// Nothing more is selected for a receiver.
    func forget(_ receiver: Receiver) {
        receiver.isAbandoned = true
        parked.remove(receiver)
    }

    /// Hands what has become available to those who wait for it, within the same transaction.
    private func serveParked(_ transaction: WriteTransaction) {
        var available = transaction.news.availableQueues
        var queues = available.union(transaction.news.changedQueues).union(unserved)
        // What is left is for the next batch, but for one poll of each queue.
        let end = transaction.changedRows + WriteTransaction.rowsMax
        unserved.removeAll()
        while !queues.isEmpty {
            transaction.news.availableQueues.removeAll()
            // In the order of their creation: the order of a set is another one in every process.
            for queue in queues.sorted() { serveParked(at: queue, untilRow: end, transaction) }
            // Receives move messages into dead-letter queues, where others wait.
            queues = transaction.news.availableQueues
            available.formUnion(queues)
            if !unserved.isEmpty { queues.subtract(unserved) }
        }
        // The sweeps want to know them all.
        transaction.news.availableQueues = available
    }

    private func serveParked(at queue: QueueID, untilRow end: Int64, _ transaction: WriteTransaction) {
        while let receiver = parked.first(at: queue) {
            guard !receivedMemory.isUsedUp else {
                unserved.insert(queue)
                return
            }
            let result = serve(receiver, at: queue, transaction)
            if case .success(let messages) = result, messages.isEmpty {
                if transaction.news.unfinishedQueues.remove(queue) != nil { unserved.insert(queue) }
                return
            }
            // The batch is lost, and with it whatever this receiver could have been given.
            if case .failure(.storageFailed) = result { return }
            parked.remove(receiver)
            pollAnswers.append(answer(receiver, result))
            // Messages that are not hidden go to one receiver after the other.
            if transaction.changedRows >= end {
                unserved.insert(queue)
                return
            }
        }
    }

    /// The name may belong to another queue by now, which is not the one the receiver waits for.
    private func serve(
        _ receiver: Receiver, at queue: QueueID, _ transaction: WriteTransaction
    ) -> Result<[ReceivedMessage], QueueError> {
        transaction.find(receiver.name).flatMap { found in
            guard found.id == queue else { return .failure(.queueDoesNotExist) }
            return transaction.perform(receiver.operation(waits: true))
        }
    }

    private func answer(_ receiver: Receiver, _ result: Result<[ReceivedMessage], QueueError>) -> Answer {
        // Known from now on, so that the client can leave in the same batch.
        if case .success(let messages) = result {
            receiver.received = messages
            receiver.receivedBytes.charge(messages.reduce(0) { $0 + $1.memoryBytes }, to: receivedMemory)
        }
        return { failure in
            if failure != nil { receiver.received = [] }
            guard !receiver.isAbandoned else { return }
            receiver.completion(failure.map { .failure($0) } ?? result)
        }
    }
}
