import QueueModel
import QueueStore
import SQLite
import TestSupport
import Testing

/// Copies of a file that is served, stopped or left behind by a kill.
struct BackupTests {
    let fixture: StoreFixture
    let copies = TemporaryDirectory()

    init() throws { fixture = try StoreFixture() }

    @discardableResult
    private func back(up path: String, to name: String = "copy.db", _ control: BackupControl = BackupControl()) throws
        -> Int
    {
        // Never closed: this process may write to the same file.
        try Backup(of: DatabaseFile(path: path), to: copies.file(name), control: control).run()
    }

    private func report(_ name: String = "copy.db") throws -> CheckReport {
        try DatabaseCheck(of: DatabaseFile(path: copies.file(name))).run()
    }

    /// The bodies of a copy in the order of the queue, read past the store.
    private func bodies(_ name: String = "copy.db") throws -> [String] {
        let connection = try Connection(path: copies.file(name), mode: .immutable)
        defer { try? connection.close() }
        return try connection.prepare("SELECT body FROM message_body ORDER BY id").all { $0.text(0) }
    }

    // MARK: The copy

    @Test func `a served file is copied into one sound file that needs no log`() throws {
        let queue = try fixture.createQueue("q")
        for number in 1...20 { try fixture.send("\(number)", to: queue) }
        let bytes = try back(up: fixture.path)
        #expect(copies.files == ["copy.db"])
        #expect(copies.contents("copy.db")?.count == bytes)
        #expect(try bodies() == (1...20).map(String.init))
        #expect(try report().problems == [])
        // 1 in the header: no write-ahead log. https://sqlite.org/fileformat2.html#file_format_version_numbers
        #expect(copies.contents("copy.db")?[18...19] == [1, 1])
    }

    @Test func `a stopped file is copied and nothing appears beside it`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        fixture.close()
        let before = fixture.directory.contents("store-1.db")
        let file = try DatabaseFile(path: fixture.path)
        _ = try Backup(of: file, to: copies.file("copy.db")).run()
        file.close()
        #expect(fixture.directory.files == ["store-1.db"])
        #expect(fixture.directory.contents("store-1.db") == before)
        #expect(try bodies() == ["a"])
        try fixture.open()
    }

    @Test func `the copy of a killed daemon's file has what only its log holds`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        for name in ["store-1.db", "store-1.db-wal"] {
            copies.write(fixture.directory.contents(name) ?? [], to: "killed" + name.dropFirst("store-1".count))
        }
        let log = copies.contents("killed.db-wal")
        try back(up: copies.file("killed.db"))
        #expect(try bodies() == ["a"])
        #expect(copies.contents("killed.db-wal") == log)
    }

    @Test func `a copy can be served, and its log belongs to it alone`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        try back(up: fixture.path)
        let options = StoreOptions(path: copies.file("copy.db"), inFlightMax: 10)
        let store = try Store(options: options, now: fixture.now) { Issue.record("\($0)") }
        var texts: [String] = []
        _ = store.transact(at: fixture.now) {
            texts = (try? $0.perform(ReceiveMessages(from: queue, limit: 10)).get().map(\.text)) ?? []
        }
        #expect(texts == ["a"])
        store.close()
        #expect(copies.files == ["copy.db"])
        #expect(try fixture.counts(queue) == [1, 0, 0])
    }

    // MARK: While others write

    /// Sends during every part of the copy, so that pages change behind and before it, checkpoints run, and the log
    /// begins anew wherever it can.
    @Test("what was there at the beginning is in the copy, and of what came later the first part", arguments: 0..<6)
    func writesMeanwhile(variant: Int) throws {
        fixture.checksInvariants = false
        let queue = try fixture.createQueue("q")
        var sent = 0
        func send(_ length: Int) throws {
            sent += 1
            try fixture.send("\(sent) " + String(repeating: "x", count: length), to: queue)
        }
        for _ in 0..<(50 + variant) { try send(250_000) }
        let before = sent
        var control = BackupControl()
        var calls = 0
        control.isCancelled = {
            calls += 1
            // Bodies of half a page to forty pages, and times without any.
            if calls % 3 != variant % 3 { try? send([2000, 20_000, 160_000][(calls + variant) % 3]) }
            return false
        }
        try back(up: fixture.path, control)
        #expect(sent > before + 20)
        let copied = try bodies().map { Int($0.prefix { $0 != " " }) ?? 0 }
        #expect(copied == Array(1...copied.count))
        #expect(copied.count >= before)
        #expect(try report().problems == [])
    }

    @Test(.enabled(if: TemporaryDirectory.givesMemoryBack))
    func `the first pass does not fill the memory with the copy, and the last leaves it there`() throws {
        let queue = try fixture.createQueue("q")
        for _ in 1...40 { try fixture.send(String(repeating: "x", count: 250_000), to: queue) }
        var control = BackupControl()
        var inMemory: [Int] = []
        control.rest = { [copies] _ in inMemory.append(copies.pagesInMemory("copy.db.partial")) }
        try back(up: fixture.path, control)
        #expect(inMemory.count >= 5)
        #expect(inMemory.allSatisfy { $0 == 0 })
        #expect(copies.pagesInMemory("copy.db") > 2000)
    }

    // MARK: Refusals

    @Test func `a file that exists is not overwritten`() throws {
        copies.write([1, 2, 3], to: "copy.db")
        #expect { try back(up: fixture.path) } throws: {
            "\($0)" == "\(copies.file("copy.db")) exists, and is not overwritten; name another file, or remove it"
        }
        #expect(copies.contents("copy.db") == [1, 2, 3])
    }

    @Test func `a copy that is given up leaves nothing behind`() throws {
        try fixture.createQueue("q")
        #expect(throws: BackupError.self) { try back(up: fixture.path, BackupControl(isCancelled: { true })) }
        #expect(copies.files == [])
    }

    @Test func `a copy that is given up while it is checked leaves nothing behind`() throws {
        let queue = try fixture.createQueue("q")
        for _ in 1...20 { try fixture.send(String(repeating: "x", count: 100_000), to: queue) }
        // The header says that there is no log once that has been folded in, which is just before the check.
        let isFoldedIn = { [copies] in copies.contents("copy.db.partial")?[18] == 1 }
        #expect {
            try back(up: fixture.path, BackupControl(isCancelled: isFoldedIn))
        } throws: {
            if case BackupError.cancelled? = $0 as? BackupError { true } else { false }
        }
        #expect(copies.files == [])
    }

    @Test func `what a killed copy has left is written over`() throws {
        try fixture.createQueue("q")
        for suffix in ["", "-wal", "-shm", "-journal"] {
            copies.write([UInt8](repeating: 7, count: 100_000), to: "copy.db.partial\(suffix)")
        }
        try back(up: fixture.path)
        #expect(copies.files == ["copy.db"])
        #expect(try report().problems == [])
    }

    @Test func `a damaged file is not made into a backup`() throws {
        let queue = try fixture.createQueue("q")
        for _ in 1...50 { try fixture.send(String(repeating: "x", count: 5000), to: queue) }
        fixture.close()
        var bytes = try #require(fixture.directory.contents("store-1.db"))
        for index in bytes.count / 2..<bytes.count / 2 + 4096 { bytes[index] = 0 }
        copies.write(bytes, to: "damaged.db")
        #expect { try back(up: copies.file("damaged.db")) } throws: { "\($0)".contains("is damaged") }
        #expect(copies.files == ["damaged.db"])
        try fixture.open()
    }

    @Test func `a directory that is not there is told by its name`() throws {
        #expect { try back(up: fixture.path, to: "missing/copy.db") } throws: {
            "\($0)"
                == "cannot make \(copies.file("missing/copy.db")).partial: open: No such file or directory (errno 2)"
        }
    }
}
