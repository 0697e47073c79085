import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

/// Files that something other than the daemon has changed: refused with a clear line, and never served as if nothing
/// had happened.
struct DamageTests {
    let directory = TemporaryDirectory()
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private var path: String { directory.file("q.db") }

    /// What a killed daemon leaves: forty sends, the first twenty of them checkpointed and in the last round of the log, which
    /// is longer than the one before it, that of the schema. How durable it was only the mark in the file says.
    private func killedDaemon(checkpoints: Bool = true, isRelaxed: Bool = false) throws {
        let fixture = try StoreFixture()
        let queue = try fixture.createQueue("q")
        for number in 1...20 { try fixture.send("\(number)", to: queue) }
        if checkpoints {
            let connection = try Connection(path: fixture.path, mode: .readWriteCreate)
            try connection.keepWALWhenClosed(true)
            try connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            try connection.close()
        }
        for number in 21...40 { try fixture.send("\(number)", to: queue) }
        for suffix in ["", "-wal"] {
            directory.write(fixture.directory.contents("store-1.db\(suffix)") ?? [], to: "q.db\(suffix)")
        }
        try change("q.db") { $0[60] = isRelaxed ? 3 : 1 }
    }

    private func stoppedDaemon() throws {
        let fixture = try StoreFixture()
        let queue = try fixture.createQueue("q")
        for number in 1...20 { try fixture.send("\(number) " + String(repeating: "x", count: 3000), to: queue) }
        fixture.close()
        directory.write(fixture.directory.contents("store-1.db") ?? [], to: "q.db")
        try fixture.open()
    }

    private func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try #require(directory.contents(name))
        body(&bytes)
        directory.write(bytes, to: name)
    }

    private func open() throws {
        try Store(options: StoreOptions(path: path, inFlightMax: 10), now: now) { _ in }.close()
    }

    /// Neither the daemon nor the tools take the file, and it stays as it is.
    private func expectRefusal(_ part: String) throws {
        let before = directory.files.map { directory.contents($0) }
        for use in [open, { _ = try DatabaseFile(path: path) }] {
            #expect { try use() } throws: { "\($0)".contains(part) && "\($0)".contains(path) }
        }
        #expect(directory.files.map { directory.contents($0) } == before)
    }

    private func messageCount() throws -> Int {
        let connection = try Connection(path: path, mode: .readOnly)
        defer { try? connection.close() }
        return try connection.prepare("SELECT count(*) FROM message").first { Int($0.integer(0)) } ?? 0
    }

    // MARK: The log

    @Test func `a killed daemon's file is opened with its log`() throws {
        try killedDaemon()
        try open()
        #expect(directory.files == ["q.db"])
        #expect(try messageCount() == 40)
    }

    @Test func `a file whose log was deleted is refused`() throws {
        try killedDaemon()
        directory.remove("q.db-wal")
        try expectRefusal("q.db-wal is missing")
    }

    @Test func `a file whose log was emptied is refused`() throws {
        try killedDaemon()
        directory.write([], to: "q.db-wal")
        try expectRefusal("q.db-wal is missing")
    }

    @Test func `a log whose file was deleted or emptied is not thrown away`() throws {
        try killedDaemon()
        directory.write([], to: "q.db")
        #expect { try open() } throws: { "\($0)".contains("is missing or empty, but its log") }
        #expect(directory.files == ["q.db", "q.db-wal"])
    }

    /// A frame is 24 bytes and a page of 4096; before them is a header of 32.
    @Test(
        "a bit flipped in the log is noticed",
        arguments: [0, 17, 25, 32 + 2, 32 + 9, 32 + 20, 32 + 100, 32 + 3 * 4120 + 50, 32 + 20 * 4120 + 24 + 4000])
    func flippedBitInLog(offset: Int) throws {
        try killedDaemon()
        try change("q.db-wal") { $0[offset] ^= 4 }
        try expectRefusal("q.db-wal is damaged")
    }

    @Test func `the last transaction cut short is what a power cut leaves, and is forgotten`() throws {
        try killedDaemon(checkpoints: false)
        try change("q.db-wal") { $0.removeLast(1000) }
        try open()
        #expect(try messageCount() == 39)
    }

    @Test func `a hole in a log that nobody synced is what a power cut leaves, and ends it`() throws {
        try killedDaemon(isRelaxed: true)
        try change("q.db-wal") { $0[32 + 20 * 4120 + 24 + 4000] ^= 4 }
        let store = try Store(options: StoreOptions(path: path, inFlightMax: 10), now: now) { Issue.record("\($0)") }
        // What stood behind the hole is gone before the log is taken for one without holes.
        #expect(directory.contents("q.db")?[60] == 1)
        for suffix in ["", "-wal"] {
            directory.write(directory.contents("q.db\(suffix)") ?? [], to: "copy.db\(suffix)")
        }
        store.close()
        #expect((20..<40).contains(try messageCount()))
        try Store(options: StoreOptions(path: directory.file("copy.db"), inFlightMax: 10), now: now) { _ in }.close()
    }

    @Test(arguments: [StoreOptions.Durability.full, .relaxed])
    func `the file tells how it is written`(durability: StoreOptions.Durability) throws {
        for _ in 1...2 {
            let options = StoreOptions(path: path, durability: durability, inFlightMax: 10)
            let store = try Store(options: options, now: now) { Issue.record("\($0)") }
            #expect(directory.contents("q.db")?[60] == (durability == .full ? 1 : 3))
            store.close()
            #expect(directory.contents("q.db")?[60] == 0)
        }
    }

    // MARK: The file

    @Test func `a truncated file is refused, or found by a check`() throws {
        try stoppedDaemon()
        try change("q.db") { $0.removeLast($0.count / 2) }
        let before = directory.contents("q.db")
        #expect { try open() } throws: { "\($0)".contains("is not a database, or is damaged") }
        #expect(directory.contents("q.db") == before)
        #expect(throws: StoreOpenError.self) { try DatabaseCheck(of: DatabaseFile(path: path)).run() }
    }

    @Test func `a file that lacks a part of its last page is refused`() throws {
        try stoppedDaemon()
        try change("q.db") { $0.removeLast(100) }
        try expectRefusal("is not a database, or is damaged")
    }

    @Test(
        "what is no database is refused",
        arguments: [[], Array("not a database".utf8), [UInt8](repeating: 0, count: 8192)])
    func noDatabase(contents: [UInt8]) throws {
        directory.write(contents, to: "q.db")
        #expect { try DatabaseFile(path: path) } throws: {
            "\($0)".contains(contents.isEmpty ? "is empty" : "is not a database, or is damaged")
        }
    }

    @Test func `a bit flipped anywhere is noticed or harmless`() throws {
        try stoppedDaemon()
        let intact = try #require(directory.contents("q.db"))
        let rows = try contents()
        var noticed = 0
        for offset in stride(from: 101, to: intact.count, by: 997) {
            directory.write(intact, to: "q.db")
            try change("q.db") { $0[offset] ^= 16 }
            let problems = try? DatabaseCheck(of: DatabaseFile(path: path)).run().problems
            if problems != [] {
                noticed += 1
                #expect(problems?.contains { $0.contains("\n") } != true, "byte \(offset)")
            } else {
                #expect(try contents() == rows, "byte \(offset)")
            }
        }
        #expect(noticed > 20)
    }

    /// All that a client can get of the messages.
    private func contents() throws -> [String] {
        let connection = try Connection(path: path, mode: .immutable)
        defer { try? connection.close() }
        return try connection.prepare("SELECT body, md5 FROM message_body").all { "\($0.text(0)) \($0.bytes(1))" }
    }
}
