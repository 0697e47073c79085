import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// What clients ask for.
extension RandomHistory {
    func send() -> any Job {
        // Seldom into dead-letter queues, or they would never be empty, and nobody wait there.
        let name = one(of: chance(90) ? names.filter { ["a", "b", "f.fifo", "g.fifo"].contains($0.name) } : names)
        return send(to: name)
    }

    private static let longText = String(repeating: "x", count: 30_000)

    func send(to name: QueueName) -> any Job {
        let isFIFO = name.name.hasSuffix(".fifo")
        sends += 1
        let body = "m\(sends)"
        let delay = !isFIFO && chance(20) ? number(below: 5) : nil
        let group = isFIFO || chance(30) ? "g\(number(below: 4))" : nil
        // A small number of ids, so that many are met again.
        let id = isFIFO ? (chance(30) ? "d\(number(below: 5))" : body) : nil
        var message = OutgoingMessage(body, delay: delay, group: group, deduplicationID: id)
        // Some are long, so that the file has room to give back when they have gone.
        if sends % 8 == 0 { message.traceHeader = Self.longText }
        return write(SendMessages(to: name, [message], isBatch: false)) { [self] result in
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

    func receive() -> any Job {
        let name = one(of: names)
        let wait = chance(50) ? 1 + number(below: 20) : 0
        var timeout = chance(50) ? nil : one(of: [0, 1, 3, 10, 60])
        // Polls that wait are served unseen. In the middle of a chain a timeout of 0 would let a message go on twice.
        if wait > 0, name.name == "dead" { timeout = timeout.map { max($0, 1) } ?? 5 }
        return receive(from: name, limit: 1 + number(below: chance(50) ? 2 : 10), timeout: timeout, wait: wait)
    }

    func receive(from name: QueueName, limit: Int, timeout: Int?, wait: Int) -> any Job {
        let (job, poll) = engine.receiveJob(from: name, limit: limit, timeout: timeout, wait: wait)
        receives += 1
        let number = receives
        if wait > 0 {
            parked.append(
                Parked(
                    number: number, poll: poll, incarnation: model.queues[name]?.incarnation,
                    deadline: engine.now.adding(seconds: wait)))
        }
        unanswered[number] = poll
        poll.onAnswer { [unowned self] result in
            let seen = seen
            let take: (StoredMessages) throws -> Void = { [unowned self] stored in
                let waited = parked.first { $0.number == number }
                parked.removeAll { $0.number == number }
                if seen == nil { passJobs() }
                guard let poll = unanswered.removeValue(forKey: number) else {
                    throw Disagreement("a receive from \(name.name) was answered twice")
                }
                try received(result, poll, waited, limit: limit, timeout: timeout, stored: seen ?? stored)
            }
            if seen == nil { pollAnswers.append(take) } else { answers.append(take) }
        }
        return observed(job)
    }

    private func received(
        _ result: Result<[ReceivedMessage], QueueError>, _ poll: Poll, _ waited: Parked?, limit: Int, timeout: Int?,
        stored: StoredMessages
    ) throws {
        let name = poll.queue
        switch result {
        case .success(let messages):
            tell(
                "\(name.name) gives \(messages.map { "\($0.text) (\($0.receiveCount))" }) of \(limit), "
                    + "timeout \(timeout ?? -1)\(waited == nil ? "" : ", after a wait")")
            if messages.isEmpty, let waited, waited.deadline > model.now {
                throw Disagreement("a long poll ended with nothing before its time")
            }
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

    func delete() -> (any Job)? {
        if handles.isEmpty { return nil }
        let handle = one(of: chance(60) ? handles.suffix(8) : handles)
        if chance(60) { return delete([handle]) }
        return delete([handle] + handles.suffix(20).filter { $0.queue == handle.queue && chance(70) }.suffix(9))
    }

    /// Deletes messages of one queue in a batch.
    func delete(_ handles: [ReferenceQueues.Handle]) -> any Job {
        let queue = handles[0].queue
        let presented = handles.map { PresentedHandle($0.presented, text: "handle") }
        return write(DeleteMessages(from: queue, presented)) { [self] result in
            for (index, handle) in handles.enumerated() {
                try compare(result.flatMap { $0[index] }, "delete from \(queue.name)") { $0.delete(by: handle) }
            }
        }
    }

    func changeVisibility() -> (any Job)? {
        if handles.isEmpty { return nil }
        let handle = one(of: chance(60) ? handles.suffix(8) : handles)
        let timeout = one(of: [0, 0, 1, 5, 100, 43_200])
        let change = ChangeMessageVisibility.Change(
            PresentedHandle(handle.presented, text: "handle"), timeoutSeconds: timeout)
        return write(ChangeMessageVisibility(in: handle.queue, [change])) { [self] result in
            try compare(result.flatMap { $0[0] }, "change in \(handle.queue.name) to \(timeout)") {
                $0.changeVisibility(by: handle, to: timeout)
            }
        }
    }

    /// Does to the model what was done to the engine, and compares the answers.
    private func compare(
        _ result: Result<Void, QueueError>, _ what: String,
        apply: (inout ReferenceQueues) -> Result<Void, QueueError>
    ) throws {
        let answer = result.error
        tell("\(what): \(answer.map { "\($0)" } ?? "done")")
        let expected = apply(&model).error
        guard answer == expected else {
            throw Disagreement("\(what): \(String(describing: answer)), not \(String(describing: expected))")
        }
    }

    /// A diligent consumer: receives all there is in a queue and deletes it. Empty queues are where polls wait.
    func drain() throws {
        let name = one(of: names)
        for _ in 0..<20 {
            let before = handles.last?.place
            try batch([receive(from: name, limit: 10, timeout: 30, wait: 0)])
            guard handles.last?.place != before else { return }
            let received = handles.suffix(10).filter { $0.queue == name && $0.receivedAt == model.now }
            if !received.isEmpty { try batch([delete(received)]) }
        }
    }

    /// A client goes away, while it waits or just after it was answered.
    func abandon() throws {
        if chance(50), let waiting = parked.isEmpty ? nil : one(of: parked) {
            tell("a poll of \(waiting.poll.queue.name) is abandoned")
            parked.removeAll { $0.number == waiting.number }
            try batch([engine.abandonJob(waiting.poll)])
            unanswered[waiting.number] = nil
        } else if let (poll, handles) = lastReceive {
            tell("a receive from \(poll.queue.name) is abandoned")
            lastReceive = nil
            for handle in handles { model.giveBack(handle) }
            try batch([engine.abandonJob(poll)])
        }
    }
}
