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
        // What is no handle of this queue fails below.
        let numbers = handles.compactMap { try? $0.messageNumber(in: queue) }
        var (found, groupRuns) = try transaction.places(of: numbers, in: queue)
        found.removeAll { $0.isExpired(in: queue, at: transaction.now) }
        var leaving: [MessagePlace] = []
        let results = handles.map { presented in
            Result { () throws(QueueError) in
                let number = try presented.messageNumber(in: queue)
                // Deleting what is gone already is a success, also if it goes by another handle of the same batch.
                guard let index = found.firstIndex(where: { $0.id == number }) else { return }
                // On a standard queue any handle of the message will do, also an old one.
                if queue.settings.isFIFO, !found[index].isHeld(by: presented, at: transaction.now) {
                    throw .receiptHandleExpired(presented.text)
                }
                leaving.append(found.remove(at: index))
            }
        }
        if !leaving.isEmpty {
            try transaction.remove(leaving, groupRuns: groupRuns, of: queue.backlog, from: queue)
        }
        return results
    }
}

extension PresentedHandle {
    /// The number of the message it stands for; nil if that has been purged. Throws for what is no handle, and for the
    /// handle of another queue.
    fileprivate func messageNumber(in queue: QueueRecord) throws(QueueError) -> SequenceNumber? {
        guard let handle else { throw QueueError.receiptHandleInvalid(handle: text) }
        guard handle.queue == queue.id else { throw QueueError.receiptHandleOfAnotherQueue(handle: text) }
        return handle.backlog == queue.backlog ? handle.message : nil
    }
}

extension WriteTransaction {
    /// The message a handle stands for; nil if it has been deleted, purged or moved. Throws for what is no handle, and
    /// for the handle of another queue.
    func message(of presented: PresentedHandle, in queue: QueueRecord) throws -> MessageRecord? {
        guard let number = try presented.messageNumber(in: queue),
            let message = try message(number, in: queue.backlog), !message.isExpired(in: queue, at: now)
        else { return nil }
        return message
    }
}

extension PlacedMessage {
    /// Whether the receive that a handle was issued for still hides the message.
    func isHeld(by presented: PresentedHandle, at now: Timestamp) -> Bool {
        // The sweeper may not have come yet to a message whose timeout is over.
        state == .inFlight && visibleAt > now && receiveCount == presented.handle?.receiveCount
    }
}
