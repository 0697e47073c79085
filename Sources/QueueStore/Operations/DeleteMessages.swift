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
        let numbers = handles.map { presented in
            Result { () throws(QueueError) in try presented.messageNumber(in: queue) }
        }
        let found = try transaction.messages(numbers.compactMap { (try? $0.get()) ?? nil }, in: queue.backlog)
        var leaving: [MessageRecord] = []
        let results = zip(handles, numbers).map { presented, number in
            number.flatMap { number -> Result<Void, QueueError> in
                // Deleting what is gone already is a success.
                guard let message = number.flatMap({ found[$0] }), !message.isExpired(in: queue, at: transaction.now),
                    !leaving.contains(where: { $0.id == message.id })
                else { return .success(()) }
                // On a standard queue any handle of the message will do, also an old one.
                if queue.settings.isFIFO, !message.isHeld(by: presented, at: transaction.now) {
                    return .failure(.receiptHandleExpired(presented.text))
                }
                leaving.append(message)
                return .success(())
            }
        }
        if !leaving.isEmpty { try transaction.remove(leaving, of: queue.backlog, from: queue) }
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

extension MessageRecord {
    /// Whether the receive that a handle was issued for still hides the message.
    func isHeld(by presented: PresentedHandle, at now: Timestamp) -> Bool {
        // The sweeper may not have come yet to a message whose timeout is over.
        state == .inFlight && visibleAt > now && receiveCount == presented.handle?.receiveCount
    }
}
