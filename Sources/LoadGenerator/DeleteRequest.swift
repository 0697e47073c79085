/// A request that deletes what a receive brought. The receipt handles go from the one JSON into the other as they are,
/// escapes and all.
final class DeleteRequest {
    /// How many messages it deletes.
    private(set) var messages = 0
    private let queue: TestQueue
    private let isBatch: Bool
    private let buffer: RequestBuffer

    /// - Parameter isBatch: whether to delete by DeleteMessageBatch, or one message by DeleteMessage.
    init(_ head: RequestHead, from queue: TestQueue, isBatch: Bool) {
        (self.queue, self.isBatch) = (queue, isBatch)
        buffer = RequestBuffer(head, isBatch ? .deleteMessageBatch : .deleteMessage)
    }

    /// Takes the messages of a receive's answer, which may be none.
    func write(for received: AnswerText) {
        messages = 0
        buffer.writeBody { body in
            body.append("{\"QueueUrl\":\"")
            body.append(queue.url)
            body.append(isBatch ? "\",\"Entries\":[" : "\",")
            received.forEachString(named: "ReceiptHandle\"") { handle in
                if isBatch {
                    body.append(messages == 0 ? "{\"Id\":\"" : ",{\"Id\":\"")
                    body.append(repeating: UInt8(ascii: "0") + UInt8(messages % 10), count: 1)
                    body.append("\",")
                }
                body.append("\"ReceiptHandle\":\"")
                body.append(handle)
                body.append(isBatch ? "\"}" : "\"")
                messages += 1
            }
            body.append(isBatch ? "]}" : "}")
        }
    }

    var request: Request {
        Request(action: isBatch ? .deleteMessageBatch : .deleteMessage, bytes: buffer.bytes)
    }
}
