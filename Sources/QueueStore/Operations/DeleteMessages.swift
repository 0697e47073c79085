import QueueModel
import SQLite

/// A receipt handle as a client presents it: what it says, nil if that is nothing, and its text, which errors quote.
package struct PresentedHandle: Sendable {
    package let handle: ReceiptHandle?
    package let text: String

    package init(_ handle: ReceiptHandle?, text: String) {
        self.handle = handle
        self.text = text
    }
}

/// Deletes messages by their receipt handles; each succeeds or fails alone.
package struct DeleteMessages: WriteOperation {
    package static var checksBeforeChanging: Bool { true }

    let name: QueueName
    let handles: [PresentedHandle]

    package init(from name: QueueName, _ handles: [PresentedHandle]) {
        self.name = name
        self.handles = handles
    }

    /// One result for each handle, in their order.
    package func run(in transaction: WriteTransaction) throws -> [Result<Void, QueueError>] {
        let queue = try transaction.existingQueue(name)
        var results: [Result<Void, QueueError>] = []
        for presented in handles {
            do {
                results.append(.success(try delete(presented, from: queue, in: transaction)))
            } catch let error as QueueError {
                results.append(.failure(error))
            }
        }
        return results
    }

    private func delete(
        _ presented: PresentedHandle, from queue: QueueRecord, in transaction: WriteTransaction
    ) throws {
        // Deleting what is gone already is a success.
        guard let message = try transaction.message(of: presented, in: queue) else { return }
        // On a standard queue any handle of the message will do, also an old one.
        if queue.settings.isFIFO {
            guard message.isHeld(by: presented, at: transaction.now) else {
                throw QueueError.receiptHandleExpired(presented.text)
            }
        }
        try transaction.remove(message, from: queue)
    }
}

extension WriteTransaction {
    /// The message a handle stands for; nil if it has been deleted, purged or moved. Throws for what is no handle, and
    /// for the handle of another queue.
    func message(of presented: PresentedHandle, in queue: QueueRecord) throws -> MessageRecord? {
        guard let handle = presented.handle else { throw QueueError.receiptHandleInvalid(handle: presented.text) }
        guard handle.queue == queue.id else {
            throw QueueError.receiptHandleOfAnotherQueue(handle: presented.text)
        }
        guard handle.backlog == queue.backlog, let message = try message(handle.message, in: handle.backlog),
            !message.isExpired(in: queue, at: now)
        else { return nil }
        return message
    }
}

extension MessageRecord {
    /// Whether the receive that a handle was issued for still hides the message.
    func isHeld(by presented: PresentedHandle, at now: Timestamp) -> Bool {
        // The sweeper may not have come yet to a message whose timeout is over.
        state == .inFlight && visibleAt > now && receiveCount == presented.handle?.receiveCount
    }
}
