import QueueModel
import QueueStore

/// The engine without its threads: batches of jobs in, answers out, and the time of the next work. Everything it does
/// follows from its jobs, the given times and the store's random source, so whole histories can be replayed.
final class EngineCore {
    private let store: Store
    private let options: EngineOptions
    private var parked = ParkedReceivers()
    private var sweeps: SweepSchedule
    /// Receives that found nothing while due messages were still hidden: an empty answer would be wrong.
    private var deferred: [Receiver] = []
    /// Answers of the running batch.
    private var answers: [Answer] = []

    init(store: Store, options: EngineOptions, now: Timestamp) {
        self.store = store
        self.options = options
        sweeps = SweepSchedule(
            queues: store.allQueues(), queuesWithMoveTask: store.queuesWithMoveTask(), now: now,
            graceMilliseconds: options.redriveGraceMilliseconds)
    }

    /// Does everything that is due and all of `jobs` in one transaction, then gives the answers. Returns when it has to
    /// be called again though no job has come.
    func run(_ jobs: [any Job], now: Timestamp) -> Timestamp? {
        let again = deferred
        deferred.removeAll()
        answers.removeAll(keepingCapacity: true)
        let result = store.transact(at: now) { transaction in
            sweeps.run(in: transaction)
            for receiver in again where !receiver.isAbandoned { keep(receive(receiver, transaction)) }
            for job in jobs { keep(job.run(in: self, transaction)) }
            serveParked(transaction)
        }
        finish(result, now: now)
        while let receiver = parked.removeTimedOut(at: now) { receiver.completion(.success([])) }
        return [deferred.isEmpty ? nil : now, sweeps.next, parked.nextTimeout].compactMap { $0 }.min()
    }

    /// Ends all long polls with an empty answer.
    func endPolls() {
        for receiver in parked.removeAll() + deferred { receiver.completion(.success([])) }
        deferred.removeAll()
    }

    private func keep(_ answer: Answer?) {
        if let answer { answers.append(answer) }
    }

    private func finish(_ result: Result<BatchNews, QueueError>, now: Timestamp) {
        var failure: QueueError?
        switch result {
        case .success(let news): sweeps.note(news, at: now)
        case .failure(let error):
            failure = error
            // What the sweeps did was undone with the batch.
            sweeps = SweepSchedule(
                queues: store.allQueues(), queuesWithMoveTask: store.queuesWithMoveTask(), now: now.adding(seconds: 1),
                graceMilliseconds: options.redriveGraceMilliseconds)
        }
        let ready = answers
        answers.removeAll(keepingCapacity: true)
        for answer in ready { answer(failure) }
    }

    // MARK: Receiving

    /// Hands messages to a receiver, or parks it if it has time.
    func receive(_ receiver: Receiver, _ transaction: WriteTransaction) -> Answer? {
        if receiver.isAbandoned { return nil }
        let found = transaction.find(receiver.name)
        guard case .success(let queue) = found else { return answer(receiver, found.map { _ in [] }) }
        let waitSeconds = receiver.waitSeconds ?? queue.settings.receiveWaitSeconds
        let received = transaction.perform(receiver.operation(waits: waitSeconds > 0))
        guard case .success(let messages) = received, messages.isEmpty else { return answer(receiver, received) }
        if waitSeconds > 0 {
            guard parked.count < options.parkedReceiversMax else { return answer(receiver, .failure(.overloaded)) }
            parked.park(receiver, at: queue.id, until: transaction.now.adding(seconds: waitSeconds))
            return nil
        }
        guard !sweeps.isBehind(at: transaction.now) else {
            deferred.append(receiver)
            return nil
        }
        return answer(receiver, received)
    }

    /// The client has gone: nothing more is selected for it, and what it got just before is visible again at once.
    func abandon(_ receiver: Receiver, _ transaction: WriteTransaction) -> Answer? {
        receiver.isAbandoned = true
        parked.remove(receiver)
        guard !receiver.received.isEmpty else { return nil }
        let changes = receiver.received.map {
            ChangeMessageVisibility.Change(PresentedHandle($0.handle, text: ""), timeoutSeconds: 0)
        }
        receiver.received = []
        _ = transaction.perform(ChangeMessageVisibility(in: receiver.name, changes))
        return nil
    }

    /// Hands what has become available in this batch to those who wait for it, within the same transaction.
    private func serveParked(_ transaction: WriteTransaction) {
        var queues = transaction.news.availableQueues.union(transaction.news.changedQueues)
        while let queue = queues.popFirst() {
            while let receiver = parked.first(at: queue) {
                let result = transaction.perform(receiver.operation(waits: true))
                if case .success(let messages) = result, messages.isEmpty { break }
                parked.remove(receiver)
                keep(answer(receiver, result))
            }
        }
    }

    private func answer(_ receiver: Receiver, _ result: Result<[ReceivedMessage], QueueError>) -> Answer {
        { failure in
            if let failure { return receiver.completion(.failure(failure)) }
            if case .success(let messages) = result { receiver.received = messages }
            receiver.completion(result)
        }
    }
}
