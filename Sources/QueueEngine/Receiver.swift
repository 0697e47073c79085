import QueueModel
import QueueStore

/// A client's receive while it is under way; touched by the writer thread only, but for what never changes.
package final class Receiver: @unchecked Sendable {  // every `var` belongs to the writer thread
    let name: QueueName
    let limit: Int
    let visibilityTimeoutSeconds: Int?
    let attemptID: String?
    /// Seconds; nil takes the queue's.
    let waitSeconds: Int?
    let completion: @Sendable (Result<[ReceivedMessage], QueueError>) -> Void

    /// Where it is parked; nil if it is not.
    var parkedAt: QueueID?
    var isAbandoned = false
    /// How often it found nothing, though there may be something, and was put off to the next batch.
    var putOffCount = 0
    /// The messages it was given.
    var received: [ReceivedMessage] = []
    /// Their memory. To be kept as long as they are.
    package let receivedBytes = ReceivedBytes()

    init(
        name: QueueName, limit: Int, visibilityTimeoutSeconds: Int?, attemptID: String?, waitSeconds: Int?,
        completion: @escaping @Sendable (Result<[ReceivedMessage], QueueError>) -> Void
    ) {
        self.name = name
        self.limit = limit
        self.visibilityTimeoutSeconds = visibilityTimeoutSeconds
        self.attemptID = attemptID
        self.waitSeconds = waitSeconds
        self.completion = completion
    }

    func operation(waits: Bool) -> ReceiveMessages {
        ReceiveMessages(
            from: name, limit: limit, visibilityTimeoutSeconds: visibilityTimeoutSeconds, waits: waits,
            attemptID: attemptID)
    }
}
