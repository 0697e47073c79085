import QueueModel
import SQLite

/// Message groups: which has something to hand out, and in what order.
///
/// A group has a row while it has messages. Its `position` is set while a message of it may be handed out.
/// - FIFO: a group's deliverable messages are the longest prefix without an in-flight or delayed one, so that its first
///   message says whether there are any. Groups take turns: whoever becomes deliverable goes to the back.
/// - Standard (fair queues): the position is the group's first ready message, so that groups are served in send order;
///   a noisy group stands behind all others.
extension WriteTransaction {
    /// A noisy group's position lies behind every sequence number.
    static let noisyOffset: Int64 = 1 << 62

    /// A message comes to a queue, with this number and state: its group takes note. Returns where it will stand.
    func join(
        _ group: String?, as id: SequenceNumber, state: MessageState, in queue: QueueRecord
    ) throws(SQLiteError) -> MessageKey {
        guard let group else { return MessageKey(line: Line(of: queue.backlog), id: id) }
        let position = state == .ready ? id.rawValue : nil
        if queue.settings.isFIFO {
            let number = try number(ofFIFOGroup: group, joinedBy: id, position, in: queue.backlog)
            return MessageKey(line: Line(of: number), id: id)
        }
        // A message that was moved keeps its number, and may stand before those that are there.
        try database.statement(
            """
            INSERT INTO message_group (backlog_id, group_id, position) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET position = ?3 + coalesce(position & ?4, 0)
            WHERE ?3 IS NOT NULL AND (position IS NULL OR position & ~?4 > ?3)
            """
        ).run(queue.backlog.rawValue, group, position, Self.noisyOffset)
        return MessageKey(line: Line(of: queue.backlog), id: id)
    }

    /// Messages of a queue left the states that they tell for another one, nil if they left the queue.
    func groupsChanged(
        of messages: [some PlacedMessage], to: MessageState?, in queue: QueueRecord?
    ) throws(SQLiteError) {
        guard let queue else { return }
        // Groups go to the back in the order in which the last of their messages changed.
        var changes: [(group: String?, line: Line, inFlight: Int)] = []
        // Where those before the last one are.
        var places: [String: Int] = [:]
        for message in messages {
            guard let group = message.groupID else { continue }
            var inFlight = (to == .inFlight ? 1 : 0) - (message.state == .inFlight ? 1 : 0)
            if let last = changes.indices.last, let lastGroup = changes[last].group {
                if lastGroup == group {
                    changes[last].inFlight += inFlight
                    continue
                }
                places[lastGroup] = last
                if let earlier = places[group] {
                    inFlight += changes[earlier].inFlight
                    changes[earlier].group = nil
                }
            }
            changes.append((group, message.key.line, inFlight))
        }
        for (group, line, change) in changes {
            guard let group else { continue }
            if queue.settings.isFIFO {
                try updateTurn(of: group, line, in: queue)
            } else {
                try updatePosition(of: group, inFlight: change, in: queue.backlog)
            }
        }
    }

    // MARK: FIFO queues

    /// Behind others of its group a message changes nothing; alone it is the group's head.
    private func number(
        ofFIFOGroup group: String, joinedBy id: SequenceNumber, _ position: Int64?, in backlog: BacklogID
    ) throws(SQLiteError) -> GroupNumber {
        let known = try database.statement(
            "SELECT number FROM message_group WHERE backlog_id = ? AND group_id = ?"
        ).first(backlog.rawValue, group) { GroupNumber($0.integer(0)) }
        if let known { return known }
        try database.statement(
            """
            INSERT INTO message_group (backlog_id, group_id, position, number, sent_from) VALUES (?, ?, ?, ?, ?)
            """
        ).run(backlog.rawValue, group, position, id.rawValue, now.milliseconds)
        return GroupNumber(id.rawValue)
    }

    private func updateTurn(of group: String, _ line: Line, in queue: QueueRecord) throws(SQLiteError) {
        switch try stateOfFirst(in: line) {
        case nil: try removeGroup(group, of: queue.backlog)
        case .ready, .fresh:
            let turns = try connection.statement(
                """
                UPDATE message_group SET position = ?
                WHERE backlog_id = ? AND group_id = ? AND position IS NULL
                """
            ).runCountingChanges(try nextSequenceNumber().rawValue, queue.backlog.rawValue, group)
            if turns > 0 { news.availableQueues.insert(queue.id) }
        case .inFlight, .delayed: try endTurn(of: group, in: queue.backlog)
        }
    }

    /// A FIFO group, and the time before which none of its messages was sent.
    struct OldestGroup {
        let id: String
        let number: GroupNumber
        let sentFrom: Timestamp
    }

    /// The FIFO group of a backlog that has the earliest such time; nil if there are no FIFO groups.
    func oldestGroup(of backlog: BacklogID) throws(SQLiteError) -> OldestGroup? {
        try connection.statement(
            """
            SELECT group_id, number, sent_from FROM message_group
            WHERE backlog_id = ? AND sent_from IS NOT NULL ORDER BY sent_from LIMIT 1
            """
        ).first(backlog.rawValue) {
            OldestGroup(
                id: $0.text(0), number: GroupNumber($0.integer(1)), sentFrom: Timestamp(milliseconds: $0.integer(2)))
        }
    }

    /// The group has nothing to hand out: its first message is hidden.
    func endTurn(of group: String, in backlog: BacklogID) throws(SQLiteError) {
        try connection.statement(
            """
            UPDATE message_group SET position = NULL
            WHERE backlog_id = ? AND group_id = ? AND position IS NOT NULL
            """
        ).run(backlog.rawValue, group)
    }

    private func stateOfFirst(in line: Line) throws(SQLiteError) -> MessageState? {
        try connection.statement("SELECT state FROM message WHERE line = ? ORDER BY id LIMIT 1").first(line.rawValue) {
            MessageState(rawValue: $0.integer(0)) ?? .ready
        }
    }

    // MARK: Standard queues

    private func updatePosition(
        of group: String, inFlight change: Int, in backlog: BacklogID
    ) throws(SQLiteError) {
        if change != 0 {
            try connection.statement(
                "UPDATE message_group SET in_flight = in_flight + ? WHERE backlog_id = ? AND group_id = ?"
            ).run(change, backlog.rawValue, group)
        }
        guard let row = try groupRow(group, in: backlog) else { return }
        let firstReady = try firstMessage(of: group, in: backlog, state: .ready)
        if firstReady == nil, row.inFlight == 0, try firstMessage(of: group, in: backlog, state: .delayed) == nil {
            return try removeGroup(group, of: backlog)
        }
        let isNoisy = try isNoisy(inFlight: row.inFlight, in: backlog)
        let position = firstReady.map { $0.rawValue + (isNoisy ? Self.noisyOffset : 0) }
        guard position != row.position else { return }
        try connection.statement("UPDATE message_group SET position = ? WHERE backlog_id = ? AND group_id = ?").run(
            position, backlog.rawValue, group)
    }

    /// Whether a group with that many messages in flight has more than its share: at least 30, and more than a tenth
    /// of all. SQS Developer Guide, «Amazon SQS fair queues».
    func isNoisy(inFlight: Int, in backlog: BacklogID) throws(SQLiteError) -> Bool {
        guard inFlight >= 30 else { return false }
        return inFlight * 10 > (try counts(of: backlog).inFlight)
    }

    private func firstMessage(
        of group: String, in backlog: BacklogID, state: MessageState
    ) throws(SQLiteError) -> SequenceNumber? {
        // Without the plus SQLite asks whether a partial index is of use for this very state, and for that prepares the
        // statement anew each time. https://sqlite.org/partialindex.html
        try connection.statement(
            """
            SELECT id FROM message INDEXED BY message_in_group
            WHERE backlog_id = ? AND group_id = ? AND state = +? AND deduplication_id IS NULL ORDER BY id LIMIT 1
            """
        ).first(backlog.rawValue, group, state.rawValue) { SequenceNumber($0.integer(0)) }
    }

    // MARK: Rows of groups

    private func groupRow(
        _ group: String, in backlog: BacklogID
    ) throws(SQLiteError) -> (position: Int64?, inFlight: Int)? {
        try connection.statement(
            "SELECT position, in_flight FROM message_group WHERE backlog_id = ? AND group_id = ?"
        ).first(backlog.rawValue, group) { ($0.integerOrNil(0), Int($0.integer(1))) }
    }

    func removeGroup(_ group: String, of backlog: BacklogID) throws(SQLiteError) {
        try connection.statement("DELETE FROM message_group WHERE backlog_id = ? AND group_id = ?").run(
            backlog.rawValue, group)
    }
}
