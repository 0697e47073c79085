import QueueModel
import SQLite

/// Goes on with the message move task of a queue. All it has to know stands in the store, so that a task goes on after
/// a restart where it was.
///
/// Messages are taken as a receive would take them: the oldest first, of a FIFO queue group by group, those in flight or
/// delayed once they are visible. The task ends when the queue is empty.
package struct MoveMessages: Sweep {
    package struct Progress: Sendable, Equatable {
        package enum Next: Sendable, Equatable {
            /// There is more to do from then on, which is later than now.
            case due(Timestamp)
            /// What is left is hidden: there is nothing to do until a message becomes visible or the last one leaves.
            case whenChanged
            /// The task is over.
            case never
        }

        /// Messages dealt with.
        package let count: Int
        package let next: Next
    }

    /// Messages that are found at once, with their bodies, as in a receive.
    private static let foundMax = 10

    let queue: QueueID
    let limit: Int

    package init(from queue: QueueID, limit: Int) {
        self.queue = queue
        self.limit = limit
    }

    package func run(in transaction: WriteTransaction) throws -> Progress {
        guard let queue = try transaction.queue(queue), var record = try transaction.runningMoveTask(of: queue) else {
            return Progress(count: 0, next: .never)
        }
        let allowed = min(limit, record.pace?.allowance(at: transaction.now) ?? limit)
        let batch = try move(allowed, from: queue, for: record.task, in: transaction)
        record.pace?.went(batch.moved, at: transaction.now)
        record.task.movedCount += batch.moved
        if let reason = batch.failure { record.task.fail(reason) }
        if try transaction.counts(of: queue.backlog).total == 0 {
            record.task.status = .completed
        } else if let destination = record.task.destination, try transaction.queue(destination) == nil {
            record.task.fail(.nonExistentQueue)
        }
        if batch.moved > 0 || record.task.status != .running { try transaction.update(record) }
        return Progress(count: batch.count, next: next(of: record, after: batch, at: transaction.now))
    }

    private func next(of record: MoveTaskRecord, after batch: Batch, at now: Timestamp) -> Progress.Next {
        guard record.task.status == .running else { return .never }
        if batch.foundNone { return .whenChanged }
        return .due(record.pace?.nextDue(after: now) ?? now.adding(milliseconds: 1))
    }

    private struct Batch {
        var moved = 0
        var expired = 0
        var length = 0
        /// Nothing is visible any more.
        var foundNone = false
        var failure: MessageMoveTask.FailureReason?

        var count: Int { moved + expired }
    }

    private func move(
        _ allowed: Int, from queue: QueueRecord, for task: MessageMoveTask, in transaction: WriteTransaction
    ) throws -> Batch {
        var batch = Batch()
        var found: ArraySlice<Delivery> = []
        while batch.moved < allowed, batch.count < limit, batch.length < WriteTransaction.rewrittenMax {
            if found.isEmpty {
                let wanted = min(allowed - batch.moved, limit - batch.count, Self.foundMax)
                found = try transaction.nextDeliverable(wanted, in: queue)[...]
            }
            guard let message = found.popFirst()?.message else {
                batch.foundNone = !transaction.news.unfinishedQueues.contains(queue.id)
                break
            }
            if message.isExpired(in: queue, at: transaction.now) {
                try transaction.remove(message, from: queue)
                batch.expired += 1
                continue
            }
            guard let name = task.destination ?? message.source else {
                batch.failure = .couldNotDetermineMessageSource
                break
            }
            guard let target = try transaction.queue(name) else {
                batch.failure = .nonExistentQueue
                break
            }
            batch.length += try transaction.redrive(message, from: queue, to: target)
            batch.moved += 1
        }
        return batch
    }
}

extension MessageRecord {
    /// The queue it was moved from as a dead letter.
    fileprivate var source: QueueName? { deadLetterSource.flatMap { try? QueueName.parse(arn: $0).get() } }
}
