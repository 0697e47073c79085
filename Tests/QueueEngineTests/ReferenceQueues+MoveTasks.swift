import QueueModel

/// Message move tasks. Which of the visible messages goes when is the engine's choice; the model looks whether it was a
/// legal one, and whether it was made in time. SQS reference, 6.4.
extension ReferenceQueues {
    struct MoveTask {
        var task: MessageMoveTask
        let number: Int
        /// When the next message may go at the earliest, in microseconds; nil without a rate.
        var nextMicroseconds: Int64?
        /// By when the engine must have gone on; nil while it has nothing to do.
        var dueBy: Timestamp?

        /// A moment that was let pass is made up for as far as this.
        private static let lagMicroseconds: Int64 = 100_000

        mutating func moveOne(at now: Timestamp) throws {
            let now = now.milliseconds * 1000
            if let rate = task.rate, let next = nextMicroseconds {
                guard next <= now else { throw Disagreement("a message was moved \(next - now) µs before its time") }
                nextMicroseconds = max(next, now - Self.lagMicroseconds) + (1_000_000 + Int64(rate) - 1) / Int64(rate)
            }
            task.movedCount += 1
            dueBy = nil
        }

        /// The latest moment to go on. Several messages may be gathered for 20 ms.
        func due(after now: Timestamp) -> Timestamp {
            guard let nextMicroseconds else { return now.adding(milliseconds: 1) }
            return max(Timestamp(milliseconds: (nextMicroseconds + 999) / 1000), now.adding(milliseconds: 20))
        }
    }

    var ids: Set<MessageID> { Set(queues.values.flatMap { $0.messages.map(\.id) }) }

    var hasRunningMoveTask: Bool { queues.values.contains { $0.runningMoveTask != nil } }

    /// By their ids, with the number of messages they have moved.
    var runningMoveTasks: [String: Int] {
        let running = queues.values.compactMap { queue in queue.runningMoveTask.map { queue.moveTasks[$0].task } }
        return Dictionary(uniqueKeysWithValues: running.map { ($0.id, $0.movedCount) })
    }

    /// As they are listed.
    func moveTasks(of name: QueueName) -> [MessageMoveTask] {
        (queues[name]?.moveTasks ?? []).reversed().map(\.task)
    }

    // MARK: Requests

    /// The error that the start of a task must end with; nil if none. `id` is the engine's, and so is `counted`, the
    /// number of messages to move.
    mutating func startMoveTask(
        from source: QueueName, to destination: QueueName?, rate: Int?, id: String?, counted: Int? = nil
    ) -> QueueError? {
        guard let queue = queues[source] else { return .unknownResource("SourceArn") }
        guard queues.values.contains(where: { $0.settings.redrivePolicy?.target == source }) else {
            return .invalidParameter("Source queue must be configured as a Dead Letter Queue.")
        }
        if let destination {
            guard let target = queues[destination] else { return .unknownResource("DestinationArn") }
            guard destination != source else {
                return .invalidParameter("Source queue arn and destination queue arn cannot be the same.")
            }
            guard target.isFIFO == queue.isFIFO else {
                return .invalidParameter("The source queue and destination queue must be of the same queue type.")
            }
        }
        guard queue.runningMoveTask == nil else {
            return .invalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                    + "time.")
        }
        let most = queue.messages.count + (expiredOnArrival[source] ?? 0)
        let toMove = min(max(counted ?? 0, queue.messages.count), most)
        let task = MessageMoveTask(
            id: id ?? "", destination: destination, rate: rate, toMoveCount: toMove, startedAt: now)
        lastMoveTask += 1
        queues[source]?.moveTasks.append(
            MoveTask(task: task, number: lastMoveTask, nextMicroseconds: rate.map { _ in now.milliseconds * 1000 }))
        // Those that cannot be listed are forgotten.
        if queue.moveTasks.count == Limits.listedMoveTasks.upperBound { queues[source]?.moveTasks.removeFirst() }
        return nil
    }

    mutating func cancelMoveTask(_ id: String, from source: QueueName) -> Result<Int, QueueError> {
        guard let queue = queues[source] else { return .failure(.unknownResource("SourceArn")) }
        guard let index = queue.moveTasks.firstIndex(where: { $0.task.id == id }) else {
            return .failure(.resourceNotFound(message: "Task does not exist."))
        }
        guard queue.moveTasks[index].task.status == .running else {
            return .failure(.invalidParameter("Only active tasks can be cancelled."))
        }
        queues[source]?.moveTasks[index].task.status = .cancelled
        return .success(queue.moveTasks[index].task.movedCount)
    }

    // MARK: Moves

    /// Takes over what the tasks did before the jobs of a batch. Returns what there is to tell.
    mutating func adoptSweeps(_ sweeps: Sweeps) throws -> [String] {
        beginMoment()
        var events = try adoptMoves(sweeps)
        for name in queues.keys.sorted(by: { $0.name < $1.name }) {
            guard let queue = queues[name], let index = queue.runningMoveTask else { continue }
            let task = queue.moveTasks[index].task
            let found = sweeps.tasks[name]?.first { $0.id == task.id }
            guard let found, found.movedCount == task.movedCount else {
                throw Disagreement("the move from \(name.name) says \(String(describing: found)), not \(task)")
            }
            if found.status == .running { continue }
            try checkEnd(found, of: queue)
            queues[name]?.moveTasks[index].task = found
            events.append("the move from \(name.name) ends: \(found.status), \(found.movedCount) moved")
        }
        return events
    }

    /// Message by message, in the order of their arrival: each must have been the next of its queue to go. Its body tells
    /// which it is, since it arrives with another id.
    private mutating func adoptMoves(_ sweeps: Sweeps) throws -> [String] {
        var events: [String] = []
        for (name, ids) in sweeps.stored.sorted(by: { $0.key < $1.key }) {
            for id in ids {
                guard let body = sweeps.arrivals[id] else { continue }
                guard let start = source(of: body, sweeps.stored) else {
                    throw Disagreement("\(body) came from nowhere")
                }
                var place = start
                // Where it went is the source of another task, it may have gone on.
                for _ in 0..<4 {
                    place = try moveByTask(body, from: place, id: id)
                    if place.name == name { break }
                }
                guard place.name == name else { throw Disagreement("\(body) was moved to \(name)") }
                events.append("\(body) is moved from \(start.name) to \(name)")
            }
        }
        return events
    }

    /// The queue of a message that is gone from there.
    private func source(of body: String, _ stored: Stored) -> QueueName? {
        queues.first { name, queue in
            queue.messages.contains { $0.body == body && !(stored[name.name]?.contains($0.id) ?? false) }
        }?.key
    }

    /// Moves a message by the task of its queue. Returns where it is then.
    private mutating func moveByTask(_ body: String, from name: QueueName, id: MessageID) throws -> QueueName {
        guard let queue = queues[name], let index = queue.runningMoveTask else {
            throw Disagreement("\(body) was moved from \(name.name), where no task runs")
        }
        guard let message = deliverable(queue).first(where: { $0.body == body }) else {
            throw Disagreement("\(body) was moved from \(name.name), where it was not visible")
        }
        if queue.isFIFO, let first = deliverable(queue).first(where: { $0.group == message.group }),
            first.place != message.place
        {
            throw Disagreement("\(body) was moved from \(name.name) before \(first.body)")
        }
        guard let target = queue.moveTasks[index].task.destination ?? message.source, queues[target] != nil else {
            throw Disagreement("\(body) was moved from \(name.name), and has nowhere to go")
        }
        queues[name]?.messages.removeAll { $0.place == message.place }
        try queues[name]?.moveTasks[index].moveOne(at: now)
        lastPlace += 1
        queues[target]?.messages.append(
            Message(
                id: id, place: lastPlace, body: body, group: message.group, sentAt: now, visibleAt: now, state: .ready))
        return target
    }

    private func checkEnd(_ task: MessageMoveTask, of queue: Queue) throws {
        let isRight =
            switch (task.status, task.failureReason) {
            // Another task may have filled it again.
            case (.completed, nil): queue.messages.allSatisfy { $0.place > placeAtBegin }
            case (.failed, .nonExistentQueue):
                task.destination.map { queues[$0] == nil }
                    ?? deliverable(queue).contains { $0.source.map { queues[$0] == nil } ?? false }
            case (.failed, .couldNotDetermineMessageSource):
                task.destination == nil && deliverable(queue).contains { $0.source == nil }
            default: false
            }
        guard isRight else { throw Disagreement("a move ended wrongly: \(task)") }
    }

    // MARK: Time

    /// A start or a disk that failed took tasks their time.
    mutating func excuseMoveTasks() {
        for name in queues.keys {
            guard let index = queues[name]?.runningMoveTask else { continue }
            queues[name]?.moveTasks[index].dueBy = nil
        }
    }

    /// No task stands still though it could go on. `due` is when the engine wants to go on.
    mutating func checkMoveTasks(due: Timestamp?) throws {
        for name in queues.keys {
            guard let queue = queues[name], let index = queue.runningMoveTask else { continue }
            var task = queue.moveTasks[index]
            task.dueBy = hasWork(task.task, queue) ? task.dueBy ?? task.due(after: now) : nil
            queues[name]?.moveTasks[index] = task
            guard let dueBy = task.dueBy else { continue }
            guard dueBy > now, let due, due <= dueBy else {
                throw Disagreement("the move from \(name.name) stands still: \(task)")
            }
        }
    }

    /// Whether there is a message to move, or the task has to end.
    private func hasWork(_ task: MessageMoveTask, _ queue: Queue) -> Bool {
        if queue.messages.isEmpty || !deliverable(queue).isEmpty { return true }
        return task.destination.map { queues[$0] == nil } ?? false
    }
}

extension ReferenceQueues.Queue {
    /// The index of the task that runs.
    var runningMoveTask: Int? { moveTasks.lastIndex { $0.task.status == .running } }
}
