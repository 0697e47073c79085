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
        var keys: [MessageKey?] = []
        for presented in handles {
            let key = try transaction.key(of: presented, in: queue)
            results.append(key.map { _ in })
            keys.append(try? key.get())
        }
        var (found, groupRuns) = try transaction.places(of: keys.compactMap(\.self))
        found.removeAll { $0.isExpired(in: queue, at: transaction.now) }
        var leaving: [MessagePlace] = []
        for (index, key) in keys.enumerated() {
            // Deleting what is gone already is a success, also if it goes by another handle of the same batch.
            guard let place = found.firstIndex(where: { $0.key == key }) else { continue }
            // On a standard queue any handle of the message will do, also an old one.
            if queue.settings.isFIFO, !found[place].isHeld(by: handles[index], at: transaction.now) {
                results[index] = .failure(.receiptHandleExpired(handles[index].text))
            } else {
                leaving.append(found.remove(at: place))
            }
        }
        if !leaving.isEmpty {
            try transaction.remove(leaving, groupRuns: groupRuns, of: queue.backlog, from: queue)
        }
        return results
    }
}

extension WriteTransaction {
    /// Where the message of a handle stands; nil if it is known to be gone. A failure for what is no handle, and for the
    /// handle of another queue.
    fileprivate func key(
        of presented: PresentedHandle, in queue: QueueRecord
    ) throws(SQLiteError) -> Result<MessageKey?, QueueError> {
        guard let handle = presented.handle else { return .failure(.receiptHandleInvalid(handle: presented.text)) }
        guard handle.queue == queue.id else { return .failure(.receiptHandleOfAnotherQueue(handle: presented.text)) }
        guard handle.backlog == queue.backlog else { return .success(nil) }
        if queue.settings.isFIFO, handle.group == .none {
            guard try hasBody(handle.message) else { return .success(nil) }
            guard let key = try keyOfHidden(handle.message) else {
                return .failure(.receiptHandleExpired(presented.text))
            }
            return .success(key)
        }
        let line = handle.group == .none ? Line(of: handle.backlog) : Line(of: handle.group)
        return .success(MessageKey(line: line, id: handle.message))
    }

    /// Where a message of a FIFO queue stands that a handle without its group was given out for, before schema version 7. Such
    /// a handle is of use while it hides the message, twelve hours at most.
    private func keyOfHidden(_ id: SequenceNumber) throws(SQLiteError) -> MessageKey? {
        try connection.statement(
            "SELECT line FROM message INDEXED BY message_hidden WHERE state > 0 AND id = ? LIMIT 1"
        ).first(id.rawValue) { MessageKey(line: Line($0.integer(0)), id: id) }
    }

    private func hasBody(_ id: SequenceNumber) throws(SQLiteError) -> Bool {
        try connection.statement("SELECT 1 FROM message_body WHERE id = ?").first(id.rawValue) { _ in true } ?? false
    }

    /// The message a handle stands for; nil if it has been deleted, purged or moved. Throws for what is no handle, and
    /// for the handle of another queue.
    func message(of presented: PresentedHandle, in queue: QueueRecord) throws -> MessageRecord? {
        guard let key = try key(of: presented, in: queue).get(),
            let message = try message(key), !message.isExpired(in: queue, at: now)
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
