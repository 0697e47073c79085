import QueueModel
import SQLite

/// Messages that were sent in the running transaction and are not in their tables yet. They are written several at a
/// time: an insert of eight rows costs SQLite half of what eight inserts of one do.
struct Arrivals {
    /// A class, since each copy of so many fields costs a dozen reference counts.
    final class Message {
        let backlog: BacklogID
        let key: MessageKey
        let messageID: MessageID
        private(set) var state: MessageState
        private(set) var visibleAt: Timestamp
        let sentAt: Timestamp
        /// What a FIFO queue remembers the message by, its own or that of its body.
        let deduplicationID: String?
        let content: OutgoingMessage
        /// It is in its tables, which say from now on what it is.
        fileprivate(set) var isWritten = false

        init(
            backlog: BacklogID, key: MessageKey, messageID: MessageID, state: MessageState, visibleAt: Timestamp,
            sentAt: Timestamp, deduplicationID: String?, content: OutgoingMessage
        ) {
            self.backlog = backlog
            self.key = key
            self.messageID = messageID
            self.state = state
            self.visibleAt = visibleAt
            self.sentAt = sentAt
            self.deduplicationID = deduplicationID
            self.content = content
        }

        fileprivate func wasReceived(until visibleAt: Timestamp) {
            state = .inFlight
            self.visibleAt = visibleAt
        }
    }

    private var waiting: [Message] = []
    /// The fresh ones of each backlog, of those that have been looked through for receives.
    private var freshOnes: [BacklogID: ArraySlice<Message>] = [:]
    private var lookedThrough = 0
    /// Rows that one statement inserts: as many as the long statements below have.
    private static let chunk = 8

    /// Rows that are still to be inserted into one table or another.
    var rowCount: Int { 2 * waiting.count }

    mutating func add(_ message: Message) { waiting.append(message) }

    /// The first fresh ones of a backlog. Nil if others of its fresh messages, which are `count`, stand in their tables already.
    mutating func fresh(_ limit: Int, of backlog: BacklogID, count: Int) -> [Message]? {
        if count == 0 { return [] }
        guard waiting.count >= count else { return nil }
        // Once each: very many may wait, and very many receives ask for them.
        for message in waiting[lookedThrough...] where message.state == .fresh {
            freshOnes[message.backlog, default: []].append(message)
        }
        lookedThrough = waiting.count
        guard let fresh = freshOnes[backlog], fresh.count == count else { return nil }
        return Array(fresh.prefix(limit))
    }

    /// The first fresh one of its backlog is handed out before it has come into its tables: it will come there as one in flight.
    mutating func handOut(_ message: Message, until visibleAt: Timestamp) {
        message.wasReceived(until: visibleAt)
        let first = freshOnes[message.backlog]?.popFirst()
        assert(first === message, "messages are handed out in the order in which they were found")
    }

    mutating func discard() {
        waiting.removeAll(keepingCapacity: true)
        freshOnes.removeAll(keepingCapacity: true)
        lookedThrough = 0
    }

    /// Brings the messages into their tables, in the order in which they came.
    mutating func write(on connection: Connection) throws(SQLiteError) {
        guard !waiting.isEmpty else { return }
        var start = 0
        while start < waiting.count {
            let isLong = waiting.count - start >= Self.chunk
            let end = start + (isLong ? Self.chunk : 1)
            try insertRows(of: waiting[start..<end], isLong, on: connection)
            try Self.bodyInsertion(isLong, on: connection).run {
                for message in waiting[start..<end] { Self.bindBody(of: message, to: &$0) }
            }
            start = end
        }
        discard()
    }

    /// Those that were received already are few in a batch, or were waited for one by one: they come alone.
    private func insertRows(
        of messages: ArraySlice<Message>, _ isLong: Bool, on connection: Connection
    ) throws(SQLiteError) {
        if messages.contains(where: { $0.state == .inFlight }) {
            for message in messages {
                let insertion =
                    try message.state == .inFlight
                    ? Self.insertionOfReceived(on: connection) : Self.insertion(false, on: connection)
                try insertion.run { Self.bind(message, to: &$0) }
            }
        } else {
            try Self.insertion(isLong, on: connection).run { for message in messages { Self.bind(message, to: &$0) } }
        }
        for message in messages { message.isWritten = true }
    }

    /// They were received in the batch in which they were sent, and so at the same time.
    private static func insertionOfReceived(on connection: Connection) throws(SQLiteError) -> Statement {
        try connection.statement(
            """
            INSERT INTO message
                (line, id, backlog_id, message_id, state, visible_at, sent_at, group_id, deduplication_id,
                first_received_at, receive_count)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7, 1)
            """)
    }

    private static func insertion(_ isLong: Bool, on connection: Connection) throws(SQLiteError) -> Statement {
        guard isLong else {
            return try connection.statement(
                """
                INSERT INTO message
                    (line, id, backlog_id, message_id, state, visible_at, sent_at, group_id, deduplication_id)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        }
        return try connection.statement(
            """
            INSERT INTO message
                (line, id, backlog_id, message_id, state, visible_at, sent_at, group_id, deduplication_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
    }

    private static func bodyInsertion(_ isLong: Bool, on connection: Connection) throws(SQLiteError) -> Statement {
        guard isLong else {
            return try connection.statement(
                "INSERT INTO message_body (id, body, md5, attributes, trace_header) VALUES (?, ?, ?, ?, ?)")
        }
        return try connection.statement(
            """
            INSERT INTO message_body (id, body, md5, attributes, trace_header)
            VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?),
                (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)
            """)
    }

    private static func bind(_ message: Message, to values: inout ValueBinder) {
        values.bind(message.key.line.rawValue)
        values.bind(message.key.id.rawValue)
        values.bind(message.backlog.rawValue)
        values.bind(message.messageID.bytes)
        values.bind(message.state.rawValue)
        values.bind(message.visibleAt.milliseconds)
        values.bind(message.sentAt.milliseconds)
        values.bind(message.content.groupID)
        values.bind(message.deduplicationID)
    }

    private static func bindBody(of message: Message, to values: inout ValueBinder) {
        values.bind(message.key.id.rawValue)
        values.bind(UTF8Text(message.content.body))
        values.bind(message.content.bodyMD5)
        values.bind(message.content.attributes)
        values.bind(message.content.traceHeader)
    }
}
