import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// Message move tasks.
extension RandomHistory {
    private var deadLetterQueues: [QueueName] { names.filter { ["last", "dead", "dead.fifo"].contains($0.name) } }

    func startMoveTask() -> any Job {
        startMoveTask(from: one(of: chance(90) ? deadLetterQueues : names), to: chance(50) ? nil : one(of: names))
    }

    /// Many messages come into a dead-letter queue, and are moved into another.
    func moveMany() throws {
        let source = one(of: deadLetterQueues)
        try moveMany(from: source, to: one(of: names.filter { canMove(from: source, to: $0) }))
    }

    /// The same with a queue they are moved into, if there is one they can come from.
    func moveMany(to target: QueueName) throws {
        let sources = deadLetterQueues.filter { canMove(from: $0, to: target) }
        if !sources.isEmpty { try moveMany(from: one(of: sources), to: target) }
    }

    private func moveMany(from source: QueueName, to target: QueueName) throws {
        try batch((0..<number(below: 40)).map { _ in send(to: source) })
        try batch([startMoveTask(from: source, to: target)])
    }

    private func canMove(from source: QueueName, to target: QueueName) -> Bool {
        source != target && source.name.hasSuffix(".fifo") == target.name.hasSuffix(".fifo")
    }

    private func startMoveTask(from source: QueueName, to destination: QueueName?) -> any Job {
        let rate = chance(40) ? nil : one(of: [1, 1, 2, 7, 100, 500])
        return write(StartMessageMoveTask(from: source, to: destination, rate: rate)) { [self] result in
            tell(
                "a move from \(source.name) to \(destination?.name ?? "where they came from"), "
                    + "\(rate.map { "\($0) a second" } ?? "at any rate"): \(result)")
            let counted =
                model.expiredOnArrival[source] == nil ? nil : try listedMoveTasks(of: source).first?.toMoveCount
            let expected = model.startMoveTask(
                from: source, to: destination, rate: rate, id: try? result.get(), counted: counted)
            guard result.error == expected else { throw Disagreement("not \(String(describing: expected))") }
        }
    }

    func cancelMoveTask() -> any Job {
        let tasks = names.flatMap { name in (model.queues[name]?.moveTasks ?? []).map { (name, $0.task.id) } }
        let recent = tasks.isEmpty || chance(10) ? (names[0], "none") : one(of: tasks.suffix(10))
        let (source, id) = chance(95) ? recent : (one(of: names), recent.1)
        return cancelMoveTask(id, from: source)
    }

    func cancelRunningMoveTasks() -> [any Job] {
        names.compactMap { name in
            guard let queue = model.queues[name], let index = queue.runningMoveTask else { return nil }
            return cancelMoveTask(queue.moveTasks[index].task.id, from: name)
        }
    }

    private func cancelMoveTask(_ id: String, from source: QueueName) -> any Job {
        write(CancelMessageMoveTask(id: id, source: source)) { [self] result in
            tell("the move from \(source.name) is cancelled: \(result)")
            let expected = model.cancelMoveTask(id, from: source)
            guard result == expected else { throw Disagreement("not \(expected)") }
        }
    }

    /// Empty also where there is no such queue.
    func listedMoveTasks(of name: QueueName) throws -> [MessageMoveTask] {
        do {
            return try engine.files.read(ListMessageMoveTasks(source: name, limit: 10))
        } catch QueueError.resourceNotFound {
            return []
        }
    }

    func checkMoveTasks(of name: QueueName) throws {
        let expected = model.moveTasks(of: name)
        let listed = try listedMoveTasks(of: name)
        guard listed == expected else {
            throw Disagreement("the move tasks of \(name.name) are \(listed), not \(expected)")
        }
    }
}
