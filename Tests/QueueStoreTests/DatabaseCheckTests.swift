import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

/// What a check tells of a file.
struct DatabaseCheckTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        let orders = try fixture.createQueue("orders")
        let tasks = try fixture.createQueue("tasks.fifo")
        for number in 1...3 { try fixture.send("\(number)", to: orders) }
        try fixture.send("later", to: orders, delay: 60)
        for number in 1...2 { try fixture.send("\(number)", to: tasks, group: "g", deduplicationID: "\(number)") }
        _ = try fixture.receive(from: orders, 1)
    }

    /// Of the served file: never closed, since this process writes to it.
    private func check() throws -> CheckReport {
        try DatabaseCheck(of: DatabaseFile(path: fixture.path)).run()
    }

    /// Stops the daemon, changes the file by SQL, checks it and starts the daemon again.
    private func checkStopped(after sql: String = "") throws -> CheckReport {
        fixture.close()
        if !sql.isEmpty {
            let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
            try connection.execute(sql)
            try connection.close()
            fixture.checksInvariants = false
        }
        let file = try DatabaseFile(path: fixture.path)
        let report = try DatabaseCheck(of: file).run()
        #expect(fixture.directory.files == ["store-1.db"])
        file.close()
        try fixture.open()
        return report
    }

    @Test func `a sound file has no problems, and its counts are told`() throws {
        let report = try check()
        #expect(report.problems == [])
        #expect(report.isOfCurrentSchema)
        #expect(report.queues.map(\.name.name) == ["orders", "tasks.fifo"])
        #expect(
            report.queues.map { [$0.counts.visible, $0.counts.inFlight, $0.counts.delayed] } == [
                [2, 1, 1], [2, 0, 0],
            ])
    }

    @Test func `no rule looks through all messages once for each queue or group`() throws {
        fixture.close()
        let connection = try Connection(path: fixture.path, mode: .readOnly)
        for invariant in Invariant.all {
            let steps = try connection.queryPlan(of: invariant.query)
            for (step, next) in zip(steps, steps.dropFirst()) where step.hasPrefix("CORRELATED") {
                #expect(next.hasPrefix("SEARCH"), "\(next) in: \(invariant.rule)")
            }
        }
        try connection.close()
        try fixture.open()
    }

    @Test func `a stopped file and a served one are told alike`() throws {
        let served = try check()
        let stopped = try checkStopped()
        #expect(stopped.queues.map(\.name) == served.queues.map(\.name))
        #expect(stopped.problems == [])
    }

    @Test(
        "rows that contradict each other are told",
        arguments: [
            ("UPDATE backlog SET ready = ready + 1 WHERE id = 1", "the counts of a backlog"),
            ("DELETE FROM message_body WHERE id = 1", "every message has a body"),
            ("DELETE FROM message WHERE id = 1", "every body has a message"),
            ("UPDATE message_body SET body = 'other' WHERE id = 2", "the body of message 2 does not have its MD5"),
            ("UPDATE message_body SET attributes = x'01' WHERE id = 2", "the attributes of message 2 cannot be read"),
            ("UPDATE message_group SET in_flight = 7", "how many of its messages are in flight"),
            ("DELETE FROM message_group", "a group with messages has a row"),
            ("UPDATE message SET line = line + 7 WHERE line > 0", "stand in the line of their group"),
            ("UPDATE message SET line = line - 7 WHERE line < 0", "stand in the line of their group"),
            ("UPDATE message_group SET number = 0", "a FIFO group is numbered by a message that it had"),
            ("UPDATE message_group SET sent_from = NULL", "retention looks at a FIFO group when"),
            ("UPDATE message_group SET sent_from = sent_from + 1", "retention looks at a FIFO group when"),
            ("UPDATE message_group SET position = NULL", "a FIFO group has a turn exactly while"),
            ("UPDATE message SET deduplication_id = NULL", "the messages of a FIFO queue have a deduplication id"),
            ("UPDATE message SET deduplication_id = 'd'", "a deduplication id, and no others have"),
            (
                "UPDATE store_setting SET value = 2 WHERE name = 'sequence_reserved'",
                "every sequence number was reserved"
            ),
            (
                """
                INSERT INTO message SELECT line + 7, id, 2, message_id, state, visible_at, receive_count, sent_at,
                    first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere
                    FROM message WHERE id = 2
                """, "a message is in one queue"
            ),
            ("INSERT INTO queue_tag VALUES (99, 'a', 'b')", "tags belong to a queue"),
            ("UPDATE deduplication SET backlog_id = 99", "belong to a backlog"),
            ("UPDATE backlog SET queue_id = 99 WHERE id = 1", "a queue and its backlog name each other"),
        ] as [(String, String)])
    func contradiction(sql: String, problem: String) throws {
        let problems = try checkStopped(after: sql).problems
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test func `many problems are told in part`() throws {
        let sql = """
            WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO message_body SELECT i, 'x', x'00', NULL, NULL FROM n
            """
        let count = try checkStopped(after: sql).problems.count
        #expect(count >= 20 && count <= 100)
    }
}
