import TestSupport
import Testing

@testable import QueueStore

/// The room that sends may fill.
struct DiskRoomTests {
    static let mebibyte: Int64 = 1024 * 1024
    static let reserve = DiskRoom.reserve

    /// How many messages of 1 MiB find room.
    private func taken(onDisk: Int64, inFile: Int64) -> Int {
        var room = DiskRoom(onDisk: onDisk, inFile: inFile)
        var count = 0
        while room.take(Int(Self.mebibyte)) { count += 1 }
        return count
    }

    @Test func `sends fill the disk down to the reserve, and each is written twice`() {
        #expect(taken(onDisk: Self.reserve + 10 * Self.mebibyte, inFile: 0) == 4)
        #expect(taken(onDisk: Self.reserve, inFile: 0) == 0)
    }

    @Test func `a message that is too large leaves the room to smaller ones`() {
        var room = DiskRoom(onDisk: Self.reserve + 100_000, inFile: 0)
        let large = room.take(Int(Self.mebibyte))
        let small = room.take(1000)
        #expect(!large)
        #expect(small)
    }

    @Test func `what deletes have left inside the file is room too`() {
        #expect(taken(onDisk: Self.reserve * 3 / 4, inFile: Self.reserve) > 0)
    }

    @Test func `the WAL needs room outside of the file`() {
        #expect(taken(onDisk: Self.reserve / 4, inFile: 100 * Self.reserve) == 0)
    }

    @Test func `the file system tells its free bytes`() throws {
        let directory = TemporaryDirectory()
        #expect(try #require(DiskRoom.freeBytes(beside: directory.file("."))) > 0)
        #expect(DiskRoom.freeBytes(beside: directory.file("nothing/here")) == nil)
    }
}
