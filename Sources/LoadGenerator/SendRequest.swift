/// A request that sends messages: one, or a batch.
final class SendRequest {
    /// Counts the messages of a test: no two have the same number.
    final class Numbers {
        private var last = 0

        func next() -> Int {
            last += 1
            return last
        }
    }

    /// What differs from one sending to the next in a message to a FIFO queue.
    private struct FIFOHoles {
        let group: RequestBuffer.Hole
        let deduplication: RequestBuffer.Hole
    }

    /// The digits of the time at the beginning of a body, as a hexadecimal number.
    static let timeDigits = 16

    let messages: Int
    private let action: Action
    private let buffer: RequestBuffer
    private let queue: TestQueue
    private let numbers: Numbers
    private var timeHole: RequestBuffer.Hole?
    private var fifoHoles: [FIFOHoles] = []

    /// - Parameters:
    ///   - batch: how many messages in a SendMessageBatch; nil for a SendMessage.
    ///   - carriesTime: the body begins with the time at which it is due to be sent.
    init(
        _ head: RequestHead, to queue: TestQueue, batch: Int? = nil, messageSize: Int, numbers: Numbers,
        carriesTime: Bool = false
    ) {
        messages = batch ?? 1
        action = batch == nil ? .sendMessage : .sendMessageBatch
        buffer = RequestBuffer(head, action)
        (self.queue, self.numbers) = (queue, numbers)
        buffer.writeBody { body in
            body.append("{\"QueueUrl\":\"\(queue.url)\",")
            if let batch {
                body.append("\"Entries\":[")
                for entry in 0..<batch {
                    body.append("\(entry == 0 ? "" : ","){\"Id\":\"\(entry)\",")
                    writeMessage(to: body, messageSize, carriesTime: carriesTime)
                    body.append("}")
                }
                body.append("]}")
            } else {
                writeMessage(to: body, messageSize, carriesTime: carriesTime)
                body.append("}")
            }
        }
    }

    /// The request for the next messages.
    func next(at time: Int64) -> Request {
        if let timeHole { buffer.patch(timeHole, Int(time), radix: 16) }
        for holes in fifoHoles {
            let number = numbers.next()
            buffer.patch(holes.group, number % queue.groups)
            buffer.patch(holes.deduplication, number)
        }
        return Request(action: action, bytes: buffer.bytes)
    }

    func outcome(_ answer: AnswerText) -> Outcome {
        action == .sendMessageBatch && answer.tellsOfFailedEntries ? .failure : .success(messages: messages)
    }

    private func writeMessage(to body: RequestBuffer, _ size: Int, carriesTime: Bool) {
        body.append("\"MessageBody\":\"")
        if carriesTime { timeHole = body.appendHole(digits: Self.timeDigits) }
        body.append(repeating: UInt8(ascii: "x"), count: size - (carriesTime ? Self.timeDigits : 0))
        body.append("\"")
        guard queue.isFIFO else { return }
        body.append(",\"MessageGroupId\":\"")
        let group = body.appendHole(digits: 8)
        body.append("\",\"MessageDeduplicationId\":\"")
        let deduplication = body.appendHole(digits: 12)
        body.append("\"")
        fifoHoles.append(FIFOHoles(group: group, deduplication: deduplication))
    }
}
