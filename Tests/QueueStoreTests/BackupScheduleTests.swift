import QueueModel
import QueueStore
import TestSupport
import Testing

/// Backups on a schedule: their names, which are kept, and when the next is due.
struct BackupScheduleTests {
    let fixture: StoreFixture
    let directory = TemporaryDirectory()

    init() throws {
        fixture = try StoreFixture()
        try fixture.createQueue("q")
    }

    private func schedule(kept: Int = 3) throws -> BackupSchedule {
        BackupSchedule(
            of: try DatabaseFile(path: fixture.path), in: directory.path, intervalSeconds: 3600, kept: kept,
            control: BackupControl())
    }

    @Test func `a backup is named after the database and the time in UTC`() throws {
        let result = try schedule().runOnce(now: fixture.now)
        #expect(directory.files == ["store-1-20231114T221320Z.db"])
        #expect(result.path == directory.file("store-1-20231114T221320Z.db"))
    }

    @Test func `the newest are kept, and nothing else is touched`() throws {
        let others = ["notes.txt", "other-20200101T000000Z.db", "store-1-copy.db", "store-1-20200101T000000Z.db.gz"]
        for name in others { directory.write([1], to: name) }
        let schedule = try schedule(kept: 2)
        for _ in 1...4 {
            _ = try schedule.runOnce(now: fixture.now)
            fixture.advance(seconds: 3600)
        }
        #expect(
            directory.files == (others + ["store-1-20231115T001320Z.db", "store-1-20231115T011320Z.db"]).sorted())
    }

    @Test func `backups from before the clock was set back are the oldest`() throws {
        let ahead = ["store-1-20990101T000000Z.db", "store-1-20990102T000000Z.db"]
        for name in ahead { directory.write([1], to: name) }
        let schedule = try schedule(kept: 2)
        #expect(try schedule.runOnce(now: fixture.now).removed == [ahead[0]])
        fixture.advance(seconds: 3600)
        #expect(try schedule.runOnce(now: fixture.now).removed == [ahead[1]])
        #expect(directory.files == ["store-1-20231114T221320Z.db", "store-1-20231114T231320Z.db"])
    }

    @Test func `what a killed daemon has left is removed with the next backup`() throws {
        for suffix in [".partial", ".partial-wal"] { directory.write([1], to: "store-1-20200101T000000Z.db\(suffix)") }
        _ = try schedule().runOnce(now: fixture.now)
        #expect(directory.files == ["store-1-20231114T221320Z.db"])
    }

    @Test func `a backup that fails costs none of those that are there`() throws {
        let schedule = try schedule(kept: 1)
        _ = try schedule.runOnce(now: fixture.now)
        // The same second: the name is taken.
        #expect(throws: BackupError.self) { try schedule.runOnce(now: fixture.now) }
        #expect(directory.files == ["store-1-20231114T221320Z.db"])
    }

    @Test func `the first is due at once, the next an interval after the last, whoever took it`() throws {
        let schedule = try schedule()
        #expect(try schedule.nextDue(now: fixture.now) == fixture.now)
        directory.write([1], to: "store-1-20231114T221320Z.db")
        // The file was written just now by the system's clock, which is years after the fixture's.
        #expect(try schedule.nextDue(now: fixture.now) == fixture.now.adding(seconds: 3600))
    }
}
