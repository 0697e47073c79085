import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// Message move tasks.
extension RandomHistory {
    func startMoveTask() -> any Job {
        let source = one(of: chance(90) ? names.filter { ["last", "dead", "dead.fifo"].contains($0.name) } : names)
        let destination = chance(50) ? nil : one(of: names)
        let rate = chance(40) ? nil : one(of: [1, 1, 2, 7, 100, 500])
        return write(StartMessageMoveTask(from: source, to: destination, rate: rate), to: source) { [self] result in
            tell(
                "a move from \(source.name) to \(destination?.name ?? "where they came from"), "
                    + "\(rate.map { "\($0) a second" } ?? "at any rate"): \(result)")
            let expected = model.startMoveTask(from: source, to: destination, rate: rate, id: try? result.get())
            guard result.error == expected else { throw Disagreement("not \(String(describing: expected))") }
        }
    }

    func cancelMoveTask() -> any Job {
        let tasks = names.flatMap { name in (model.queues[name]?.moveTasks ?? []).map { (name, $0.task.id) } }
        let recent = tasks.isEmpty || chance(10) ? (names[0], "none") : one(of: tasks.suffix(10))
        let (source, id) = chance(95) ? recent : (one(of: names), recent.1)
        return write(CancelMessageMoveTask(id: id, source: source), to: source) { [self] result in
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
