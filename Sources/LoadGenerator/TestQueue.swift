/// The queue that a test made for itself.
struct TestQueue {
    let url: String
    /// Over how many message groups its messages are spread; 0 for a standard queue.
    let groups: Int

    var isFIFO: Bool { groups > 0 }

    /// How long a receive may wait. On a FIFO queue the messages of a group that somebody holds cannot be received, so
    /// consumers wait as they do in earnest; without that they would only ask in circles.
    var waitTimeSeconds: Int { isFIFO ? 20 : 0 }
}
