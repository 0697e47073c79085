import QueueModel
import SQLite

/// A message, as far as its leaving or its coming back is concerned.
protocol PlacedMessage {
    var id: SequenceNumber { get }
    var state: MessageState { get }
    var visibleAt: Timestamp { get }
    var receiveCount: Int { get }
    var sentAt: Timestamp { get }
    var groupID: String? { get }
}

extension PlacedMessage {
    /// Whether its queue's retention period is over for the message.
    func isExpired(in queue: QueueRecord, at now: Timestamp) -> Bool {
        sentAt.adding(seconds: queue.settings.retentionSeconds) <= now
    }
}

/// No more of a message than that: a delete reads little else.
struct MessagePlace: PlacedMessage {
    let id: SequenceNumber
    let state: MessageState
    let visibleAt: Timestamp
    let receiveCount: Int
    let sentAt: Timestamp
    let groupID: String?

    /// `group`: where it is known, so that its name need not be read once more.
    init(_ row: Row, inGroup group: String? = nil) {
        id = SequenceNumber(row.integer(0))
        state = MessageState(rawValue: row.integer(1)) ?? .ready
        visibleAt = Timestamp(milliseconds: row.integer(2))
        receiveCount = Int(row.integer(3))
        sentAt = Timestamp(milliseconds: row.integer(4))
        groupID = group ?? row.textOrNil(5)
    }
}
