import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// What a disk that may fail adds to a history.
extension RandomHistory {
    func mishap() throws {
        guard let disk = engine.files.disk else { return }
        if chance(50) { try losePower(disk) } else { try failCalls(of: disk) }
    }

    /// A batch writes and syncs once or twice, a checkpoint and an upgrade many times.
    private func someCall() -> Int { 1 + number(below: one(of: [3, 10, 60])) }

    // MARK: Faults

    private static let faults: [(calls: FaultVFS.Calls, failure: FaultVFS.Failure, name: String)] = [
        (.write, .ioError, "writes"), (.write, .diskFull, "writes, disk full"), (.write, .shortWrite, "short writes"),
        (.sync, .ioError, "syncs"), (.open, .ioError, "opens"), (.truncate, .ioError, "truncations"),
        (.lock, .ioError, "locks"), (.lock, .busy, "locks, busy"), (.read, .ioError, "reads"),
        ([.write, .sync, .read], .ioError, "everything"),
    ]

    /// The disk fails for a while. What is refused meanwhile has not happened.
    private func failCalls(of disk: FaultVFS) throws {
        let fault = one(of: Self.faults)
        let nth = someCall()
        let lasts = chance(40)
        tell("\(fault.name) fail from the \(nth)th on\(lasts ? "" : ", once")")
        disk.fail(fault.calls, at: nth, with: fault.failure, lasts: lasts)
        isDiskFailing = true
        // After the first failure the sweeps rest, and answers may leave out what has just become visible.
        for _ in 0..<6 where engine.files.failures.all.isEmpty {
            if chance(20) { try advanceClock() } else { try requests() }
        }
        if lasts { try requests() }
        disk.heal()
        if engine.files.failures.takeAll().contains(where: \.isFatal) {
            tell("the daemon stops, and is started again")
            try crashAfterFailure()
        } else if !lasts, chance(25) {
            // What was refused must not come back, though nothing else may have been written since.
            tell("the daemon is killed after that")
            try crashAfterFailure()
        }
        // The sweeps take up their work a second after the last batch that failed.
        try rest()
        isDiskFailing = false
        try rest()
        try checkEverything()
    }

    private func crashAfterFailure() throws {
        try engine.crash()
        isDiskFailing = false
        try restarted()
    }

    private func rest() throws {
        engine.files.advance(milliseconds: 1001)
        model.advance(to: engine.now)
        try batch([])
        _ = engine.files.failures.takeAll()
    }

    // MARK: Power

    /// A change whose fate the file tells afterwards.
    private struct Change {
        let job: any Job
        /// Nil while there is no answer.
        let answer: () -> Result<Void, QueueError>?
        /// What it does if it is done.
        let apply: (inout ReferenceQueues, Stored) throws -> Void
    }

    /// The power fails in the middle of a change or of what is due by itself, or right after it.
    private func losePower(_ disk: FaultVFS) throws {
        // Nothing else may be due.
        try batch([])
        // A poll that waits would be served, and nobody could tell what with.
        let change = chance(75) || !parked.isEmpty ? change() : nil
        if change == nil { passTime() }
        disk.cutPower(atChange: someCall())
        engine.run(change.map { [$0.job] } ?? [])
        disk.cutPower()
        cuts += 1
        tell("the power fails")
        try restorePower(disk)
        // What was due by itself is made up for.
        if let change { try settle(change) }
        try engine.files.checkForDamage()
        try restarted()
        for name in names where model.queues[name] == nil { try create(name) }
        try checkEverything()
    }

    private func restorePower(_ disk: FaultVFS) throws {
        var fate = one(of: FaultVFS.Fate.allCases)
        while true {
            do {
                try engine.restorePower(
                    unsynced: fate, seed: random.next(), cutAtChange: chance(30) ? 1 + number(below: 5) : nil)
            } catch {
                guard !disk.hasPower else { throw Disagreement("cannot start after the power was off: \(error)") }
            }
            if disk.hasPower { break }
            cuts += 1
            tell("and again")
            fate = one(of: FaultVFS.Fate.allCases)
        }
        disk.cutPower(atChange: .max)
        _ = engine.files.failures.takeAll()
    }

    /// What was acknowledged is there; what was not is there or not.
    private func settle(_ change: Change) throws {
        let stored = try engine.files.messages()
        var done = model
        try change.apply(&done, stored)
        switch change.answer() {
        case .success: model = done
        case .failure(.storageFailed), .failure(.storageFull):
            if try !agrees(model, stored) { model = done }
        case .failure: break
        case nil: throw Disagreement("an answer got lost")
        }
        tell("it was answered \(String(describing: change.answer()))")
        guard try agrees(model, stored) else {
            throw Disagreement("acknowledged changes are lost, or others half done")
        }
    }

    private func agrees(_ model: ReferenceQueues, _ stored: Stored) throws -> Bool {
        for name in names {
            let found: QueueDescription
            do {
                found = try engine.files.description(of: name)
            } catch QueueError.queueDoesNotExist {
                guard model.queues[name] == nil else { return false }
                continue
            }
            guard model.queues[name] != nil, model.isSame(stored[name.name] ?? [], in: name),
                model.counts(name) == found.counts, try listedMoveTasks(of: name) == model.moveTasks(of: name)
            else { return false }
        }
        return true
    }

    private func change() -> Change {
        // A poll that waits would be served in the same batch.
        let quiet = names.filter { name in !parked.contains { $0.poll.queue == name } }
        let standard = quiet.filter { !$0.name.hasSuffix(".fifo") && model.queues[$0] != nil }
        let held = handles.filter { quiet.contains($0.queue) }
        switch number(below: 5) {
        case 0 where !held.isEmpty: return delete(one(of: held))
        case 1 where !standard.isEmpty:
            let name = one(of: standard)
            tell("a purge of \(name.name)")
            return change(PurgeQueue(name: name), { .success($0) }, apply: { model, _ in model.purge(name) })
        case 2 where !quiet.isEmpty:
            let name = one(of: quiet)
            tell("a deletion of \(name.name)")
            return change(DeleteQueue(name: name), { .success($0) }, apply: { model, _ in model.delete(name) })
        case 3: return startMove()
        default:
            return standard.isEmpty
                ? change(CheckHealth(), { .success($0) }, apply: { _, _ in }) : send(to: one(of: standard))
        }
    }

    private func delete(_ handle: ReferenceQueues.Handle) -> Change {
        tell("a delete from \(handle.queue.name)")
        let presented = PresentedHandle(handle.presented, text: "handle")
        return change(
            DeleteMessages(from: handle.queue, [presented]), { $0[0] },
            apply: { model, _ in _ = model.delete(by: handle) })
    }

    private func send(to name: QueueName) -> Change {
        sends += 1
        let body = "m\(sends)"
        tell("a send of \(body) to \(name.name)")
        let message = OutgoingMessage(body, group: "g\(number(below: 4))")
        let before = Set(model.queues[name]?.messages.map(\.id) ?? [])
        return change(
            SendMessages(to: name, [message], isBatch: false), { $0[0].map { _ in } },
            apply: { model, stored in
                guard let id = stored[name.name]?.first(where: { !before.contains($0) }) else { return }
                try model.send(
                    body, delay: nil, group: message.groupID, deduplicationID: nil, to: name,
                    answer: SentMessage(id: id, sequenceNumber: nil))
            })
    }

    private func startMove() -> Change {
        let source = one(of: names.filter { ["last", "dead", "dead.fifo"].contains($0.name) })
        let rate = chance(50) ? 1 : nil
        tell("a move from \(source.name)")
        return change(
            StartMessageMoveTask(from: source, to: nil, rate: rate), { _ in .success(()) },
            apply: { [self] model, _ in
                let known = model.moveTasks(of: source)
                guard let task = try listedMoveTasks(of: source).first, !known.contains(where: { $0.id == task.id })
                else { return }
                _ = model.startMoveTask(from: source, to: nil, rate: rate, id: task.id)
            })
    }

    private func change<Operation: WriteOperation>(
        _ operation: Operation, _ result: @escaping (Operation.Output) -> Result<Void, QueueError>,
        apply: @escaping (inout ReferenceQueues, Stored) throws -> Void
    ) -> Change {
        let (job, answered) = engine.write(operation)
        return Change(job: job, answer: { answered.result.map { $0.flatMap(result) } }, apply: apply)
    }
}
