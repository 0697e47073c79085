import QueueModel

/// Makes messages visible again that were handed out to a client that has gone away: those that the receive still hides.
package struct ReturnMessages: WriteOperation {
    let name: QueueName
    let messages: [ReceivedMessage]

    package init(to name: QueueName, _ messages: [ReceivedMessage]) {
        self.name = name
        self.messages = messages
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        for received in messages {
            let handle = PresentedHandle(received.handle, text: "")
            guard let message = try transaction.message(of: handle, in: queue),
                message.isHeld(by: handle, at: transaction.now)
            else { continue }
            try transaction.makeReady(message, in: queue, at: transaction.now)
        }
    }
}
