import QueueModel
import SQLite

/// Messages that stand one behind the other in the file, whatever was sent in between: those of a standard queue, or of one
/// message group of a FIFO queue.
struct Line: Hashable {
    /// A group's number, or a backlog's id with a minus. Where only the order of lines is left to tell messages apart, as
    /// when they become visible at the same moment, older groups come first.
    let rawValue: Int64

    init(_ rawValue: Int64) { self.rawValue = rawValue }
    init(of backlog: BacklogID) { rawValue = -backlog.rawValue }
    init(of group: GroupNumber) { rawValue = group.rawValue }

    var group: GroupNumber { isOfGroup ? GroupNumber(rawValue) : .none }
    var isOfGroup: Bool { rawValue > 0 }
}

/// Where a message stands: the primary key.
struct MessageKey: Equatable, Comparable {
    let line: Line
    let id: SequenceNumber

    static func < (left: MessageKey, right: MessageKey) -> Bool {
        left.line == right.line ? left.id < right.id : left.line.rawValue < right.line.rawValue
    }
}

/// A message, as far as its leaving or its coming back is concerned.
protocol PlacedMessage {
    var key: MessageKey { get }
    var state: MessageState { get }
    var visibleAt: Timestamp { get }
    var receiveCount: Int { get }
    var sentAt: Timestamp { get }
    var groupID: String? { get }
}

extension PlacedMessage {
    var id: SequenceNumber { key.id }

    /// Whether its queue's retention period is over for the message.
    func isExpired(in queue: QueueRecord, at now: Timestamp) -> Bool {
        sentAt.adding(seconds: queue.settings.retentionSeconds) <= now
    }
}

/// No more of a message than that: a delete reads little else.
struct MessagePlace: PlacedMessage {
    let key: MessageKey
    let state: MessageState
    let visibleAt: Timestamp
    let receiveCount: Int
    let sentAt: Timestamp
    let groupID: String?

    /// `group`: where it is known, so that its name need not be read once more.
    init(_ row: Row, inGroup group: String? = nil) {
        key = MessageKey(line: Line(row.integer(0)), id: SequenceNumber(row.integer(1)))
        state = MessageState(rawValue: row.integer(2)) ?? .ready
        visibleAt = Timestamp(milliseconds: row.integer(3))
        receiveCount = Int(row.integer(4))
        sentAt = Timestamp(milliseconds: row.integer(5))
        groupID = group ?? row.textOrNil(6)
    }
}
