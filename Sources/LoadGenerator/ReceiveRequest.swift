/// A request that receives messages.
struct ReceiveRequest {
    private let buffer: RequestBuffer
    private let mayPark: Bool

    init(_ head: RequestHead, from queue: TestQueue, max: Int, waitTimeSeconds: Int) {
        mayPark = waitTimeSeconds > 0
        buffer = RequestBuffer(head, .receiveMessage)
        buffer.writeBody { body in
            body.append("{\"QueueUrl\":\"\(queue.url)\",\"MaxNumberOfMessages\":\(max),")
            body.append("\"WaitTimeSeconds\":\(waitTimeSeconds)}")
        }
    }

    var request: Request { Request(action: .receiveMessage, bytes: buffer.bytes, mayPark: mayPark) }
}
