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
        let state: MessageState
        let visibleAt: Timestamp
        let sentAt: Timestamp
        /// What a FIFO queue remembers the message by, its own or that of its body.
        let deduplicationID: String?
        let content: OutgoingMessage

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
    }

    private var waiting: [Message] = []
    /// Rows that one statement inserts: as many as the long statements below have.
    private static let chunk = 8

    /// Rows that are still to be inserted into one table or another.
    var rowCount: Int { 2 * waiting.count }

    mutating func add(_ message: Message) { waiting.append(message) }

    mutating func discard() { waiting.removeAll(keepingCapacity: true) }

    /// Brings the messages into their tables, in the order in which they came.
    mutating func write(on connection: Connection) throws(SQLiteError) {
        guard !waiting.isEmpty else { return }
        var start = 0
        while start < waiting.count {
            let isLong = waiting.count - start >= Self.chunk
            let end = start + (isLong ? Self.chunk : 1)
            try Self.insertion(isLong, on: connection).run {
                for message in waiting[start..<end] { Self.bind(message, to: &$0) }
            }
            try Self.bodyInsertion(isLong, on: connection).run {
                for message in waiting[start..<end] { Self.bindBody(of: message, to: &$0) }
            }
            start = end
        }
        discard()
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
