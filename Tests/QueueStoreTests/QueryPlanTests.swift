import QueueModel
import SQLite
import TestSupport
import Testing

@testable import QueueStore

/// No statement's cost may grow with the queues, messages or groups there are: each finds its rows by an index, in the
/// order it wants them.
struct QueryPlanTests {
    /// Statements that look through a whole table, and why they may.
    private static let exemptions = [
        // Once, at the start and after a failure.
        "SELECT id FROM queue",
        // The first entry of an index that holds nothing else.
        "SELECT visible_at FROM message WHERE state > 0 ORDER BY visible_at LIMIT 1",
        "SELECT id FROM backlog WHERE queue_id IS NULL ORDER BY id LIMIT 1",
        // Handles from before schema version 7, for half a day.
        "SELECT line FROM message INDEXED BY message_hidden WHERE state > 0 AND id = ? LIMIT 1",
    ]

    /// Every kind of operation and sweep once, and what they do in each state of a message.
    private func driveEverything(_ fixture: StoreFixture) throws {
        for suffix in ["", ".fifo"] {
            let dead = try fixture.createQueue("dead\(suffix)")
            let queue = try fixture.createQueue("q\(suffix)", redrive(to: dead, after: 2), tags: ["a": "b"])
            for round in 0..<3 {
                for (index, group) in [nil, "g", "g", "h"].enumerated() {
                    let group = suffix.isEmpty ? group : group ?? "i"
                    try fixture.send(
                        "body", to: queue, group: group, deduplicationID: suffix.isEmpty ? nil : "\(round)-\(index)")
                }
                let attempt = suffix.isEmpty ? nil : "attempt"
                let received = try fixture.receive(from: queue, attempt: attempt)
                _ = suffix.isEmpty ? [] : try fixture.receive(from: queue, attempt: attempt)
                for message in received.prefix(2) {
                    try fixture.changeVisibility(of: message, in: queue, to: 5)
                    try fixture.changeVisibility(of: message, in: queue, to: 0)
                }
                if let last = received.last { try fixture.delete(last, from: queue) }
                fixture.advance(seconds: 400)
                try fixture.makeDueVisible()
            }
            try fixture.moveExhausted(from: queue)
            _ = try fixture.receive(from: queue)
            try fixture.perform(TagQueue(name: queue, tags: ["c": "d"]))
            try fixture.perform(UntagQueue(name: queue, keys: ["c"]))
            try fixture.setAttributes(of: queue, ["DelaySeconds": "900"])
            try fixture.send("delayed", to: queue, group: "g", deduplicationID: suffix.isEmpty ? nil : "x")
            try fixture.setAttributes(of: queue, ["DelaySeconds": "800", "MessageRetentionPeriod": "60"])
            _ = fixture.store.isChangingDelays()
            _ = try fixture.description(of: queue)
            _ = try fixture.read(FindQueue(name: queue))
            _ = try fixture.read(ListQueueTags(name: queue))
            _ = try fixture.read(ListDeadLetterSourceQueues(name: dead, after: 0, limit: 10))
            try fixture.removeExpired(from: queue)
            try fixture.perform(PurgeQueue(name: queue))
            try fixture.emptyLeftBacklogs()
            try fixture.perform(DeleteQueue(name: queue))
            fixture.advance(seconds: 60)
            try fixture.createQueue("q\(suffix)")
            try fixture.removeExpiredRecords()
        }
        try makeNoisy(fixture)
        try deleteGroup(fixture)
        for suffix in ["", ".fifo"] { try moveByTask(fixture, suffix) }
        try changePermissions(fixture)
        try fixture.perform(CheckHealth())
        try fixture.giveBackFreePages()
        _ = try fixture.read(
            ListQueues(account: "000000000000", region: "us-east-1", prefix: "q", after: "", limit: 10))
    }

    private func moveByTask(_ fixture: StoreFixture, _ suffix: String) throws {
        let dead = try fixture.createQueue("moved\(suffix)")
        let source = try fixture.createQueue("source\(suffix)", redrive(to: dead, after: 1))
        for (index, group) in [nil, "g", "h"].enumerated() {
            let id = suffix.isEmpty ? nil : "\(index)"
            try fixture.send("body", to: source, group: suffix.isEmpty ? group : group ?? "i", deduplicationID: id)
        }
        for _ in 0..<2 {
            let gone = try fixture.receive(from: source, timeout: 0)
            try fixture.perform(ReturnMessages(to: source, gone))
        }
        let first = try fixture.perform(StartMessageMoveTask(from: dead, to: nil, rate: 1))
        try fixture.perform(MoveMessages(from: try fixture.id(of: dead), limit: 10))
        try fixture.perform(CancelMessageMoveTask(id: first, source: dead))
        try fixture.perform(StartMessageMoveTask(from: dead, to: nil, rate: nil))
        try fixture.perform(MoveMessages(from: try fixture.id(of: dead), limit: 10))
        #expect(try fixture.read(ListMessageMoveTasks(source: dead, limit: 10)).count == 2)
    }

    private func changePermissions(_ fixture: StoreFixture) throws {
        let queue = try fixture.createQueue("shared")
        let permission = try Permission(label: "l", accounts: ["000000000001"], actions: ["SendMessage"])
        try fixture.perform(AddPermission(name: queue, permission: permission))
        try fixture.perform(RemovePermission(name: queue, label: "l"))
    }

    private func makeNoisy(_ fixture: StoreFixture) throws {
        let queue = try fixture.createQueue("noisy")
        for number in 1...40 { try fixture.send("\(number)", to: queue, group: "noisy") }
        for _ in 1...4 { _ = try fixture.receive(from: queue) }
    }

    /// Messages of a group, sent among those of another, are received and deleted together.
    private func deleteGroup(_ fixture: StoreFixture) throws {
        let queue = try fixture.createQueue("groups.fifo")
        for number in 1...4 {
            for group in ["g", "h"] {
                try fixture.send("body", to: queue, group: group, deduplicationID: "\(group)\(number)")
            }
        }
        let received = try fixture.receive(from: queue, 4)
        try fixture.perform(DeleteMessages(from: queue, received.map(\.presented)))
        let message = try fixture.receive(from: queue)[0]
        try fixture.perform(DeleteMessages(from: queue, [message.presentedWithoutGroup]))
    }

    @Test func `every statement finds its rows by an index, in their order`() throws {
        let fixture = try StoreFixture(strictLimits: false)
        try driveEverything(fixture)
        let statements = Set(fixture.store.keptSQL + fixture.reader.keptSQL)
        #expect(statements.count > 60)
        let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
        // The plans must not hang on statistics that a user's file does not have.
        let statistics = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'"
        #expect(try connection.prepare(statistics).first { $0.integer(0) } == 0)
        for sql in statements where !Self.exemptions.contains(sql) {
            for step in try connection.queryPlan(of: sql) {
                // A scan of a few rows that a subquery made is no scan of a table.
                let isScan =
                    step.hasPrefix("SCAN") && !step.hasPrefix("SCAN (subquery") && !step.hasPrefix("SCAN CONSTANT")
                #expect(!isScan && !step.contains("TEMP B-TREE"), "\(step) in: \(sql)")
            }
        }
        try connection.close()
    }

    @Test func `a new delay looks through no messages of a FIFO queue where none is delayed`() throws {
        let fixture = try StoreFixture()
        let queue = try fixture.createQueue("q.fifo")
        try fixture.send("body", to: queue, group: "g", deduplicationID: "1")
        try fixture.reopen()
        try fixture.setAttributes(of: queue, ["DelaySeconds": "100"])
        #expect(fixture.store.keptSQL.allSatisfy { !$0.contains("FROM message ") })
    }

    @Test func `no statement is prepared more than once`() throws {
        let fixture = try StoreFixture(strictLimits: false)
        try driveEverything(fixture)
        // This one SQLite prepares anew whenever it runs.
        #expect(fixture.store.sqlPreparedAgain.filter { $0 != "PRAGMA page_count" } == [])
    }

    @Test func `all exemptions are still needed`() throws {
        let fixture = try StoreFixture(strictLimits: false)
        try driveEverything(fixture)
        _ = fixture.store.allQueues()
        for sql in Self.exemptions { #expect(fixture.store.keptSQL.contains(sql), "\(sql)") }
    }

    /// The sweeps and receives among many rows of the same kind: the plan must use the whole index, not only its start.
    @Test(
        "the indexes are those made for the statements",
        arguments: [
            ("ORDER BY visible_at LIMIT ?", "message_hidden"),
            ("receive_count - received_elsewhere >= ?", "message_returned (backlog_id=? AND <expr>>?)"),
            ("group_id IS NULL ORDER BY message.id", "message_ready (backlog_id=?)"),
            ("state = -1 ORDER BY", "message USING PRIMARY KEY (line=? AND id>? AND id<?)"),
            ("state = +? AND deduplication_id IS NULL", "message_in_group (backlog_id=? AND group_id=? AND state=?)"),
            ("state = 0 AND deduplication_id IS NULL", "message_in_group (backlog_id=? AND group_id=? AND state=?)"),
            ("line = ? ORDER BY", "message USING PRIMARY KEY (line=?)"),
            ("line = ? AND id BETWEEN", "message USING PRIMARY KEY (line=? AND id>? AND id<?)"),
            ("line = ? AND id = ?", "message USING PRIMARY KEY (line=? AND id=?)"),
            ("line = ? AND message.id = ?", "message USING PRIMARY KEY (line=? AND id=?)"),
            ("line = ? AND id < ?", "message USING PRIMARY KEY (line=? AND id<?)"),
            (
                "(visible_at, line, id) > (?, ?, ?)",
                "message_hidden ((visible_at,line,id)>(?,?,?) AND visible_at<?)"
            ),
            ("ORDER BY sent_from", "message_group_sent_from (backlog_id=? AND sent_from>?)"),
            ("UPDATE message_group SET", "PRIMARY KEY (backlog_id=? AND group_id=?)"),
            ("position IS NOT NULL ORDER BY position", "message_group_next (backlog_id=? AND position>?)"),
            ("WHERE queue_id IS NULL ORDER BY id", "backlog_without_queue"),
            ("FROM deduplication WHERE expires_at <= ?", "deduplication_expiry (expires_at<?)"),
        ])
    func indexes(part: String, index: String) throws {
        let fixture = try StoreFixture(strictLimits: false)
        try driveEverything(fixture)
        let found = fixture.store.keptSQL.filter { $0.contains(part) }
        #expect(!found.isEmpty)
        let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
        for sql in found {
            let steps = try connection.queryPlan(of: sql)
            #expect(steps.contains { $0.contains(index) }, "\(steps) for: \(sql)")
        }
        try connection.close()
    }
}
