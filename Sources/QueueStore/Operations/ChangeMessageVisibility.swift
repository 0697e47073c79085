import QueueModel

/// Sets for how long received messages stay hidden, from now on; each change succeeds or fails alone.
package struct ChangeMessageVisibility: WriteOperation {
    package static var checksBeforeChanging: Bool { true }

    package struct Change: Sendable {
        let presented: PresentedHandle
        let timeoutSeconds: Int

        package init(_ presented: PresentedHandle, timeoutSeconds: Int) {
            self.presented = presented
            self.timeoutSeconds = timeoutSeconds
        }
    }

    let name: QueueName
    let changes: [Change]

    package init(in name: QueueName, _ changes: [Change]) {
        self.name = name
        self.changes = changes
    }

    /// One result for each change, in their order.
    package func run(in transaction: WriteTransaction) throws -> [Result<Void, QueueError>] {
        let queue = try transaction.existingQueue(name)
        var results: [Result<Void, QueueError>] = []
        for change in changes {
            do {
                results.append(.success(try apply(change, to: queue, in: transaction)))
            } catch let error as QueueError {
                results.append(.failure(error))
            }
        }
        return results
    }

    private func apply(_ change: Change, to queue: QueueRecord, in transaction: WriteTransaction) throws {
        guard let message = try transaction.message(of: change.presented, in: queue),
            !queue.settings.isFIFO || message.isHeld(by: change.presented, at: transaction.now)
        else { throw QueueError.messageNotAvailable(change.presented.text) }
        try checkTotal(change, at: transaction.now)
        if change.timeoutSeconds > 0 {
            let visibleAt = transaction.now.adding(seconds: change.timeoutSeconds)
            try transaction.hide(message, in: queue, until: visibleAt)
        } else if message.state == .inFlight {
            try transaction.makeReady(message, in: queue, at: transaction.now)
        }
    }

    /// Twelve hours from the receive are the most. A second more is let through: a client that asks for exactly twelve
    /// hours right after its receive would fail otherwise.
    private func checkTotal(_ change: Change, at now: Timestamp) throws(QueueError) {
        let maximum = Limits.visibilityTimeoutSeconds.upperBound
        guard let receivedAt = change.presented.handle?.receivedAt else { return }
        let total = now.adding(seconds: change.timeoutSeconds).since(receivedAt)
        guard total > Int64(maximum + 1) * 1000 else { return }
        throw .invalidValue(
            change.timeoutSeconds, of: "VisibilityTimeout",
            reason: "Total VisibilityTimeout for the message is beyond the limit [\(maximum) seconds]")
    }
}
