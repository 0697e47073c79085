import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// A disk without room, as the store meets it. How the room that is left is shared out is another matter: behind a VFS
/// of its own the store cannot ask.
struct DiskFullTests {
    let store = FaultyStore(seed: 1)

    /// Sends until there is no room.
    private func fill() throws {
        store.disk.capacity = store.disk.used + 300_000
        while try store.batch(.sends) {}
        #expect(store.lastError == .storageFull)
    }

    @Test func `sends end with an error of their own, and nothing is lost`() throws {
        try store.open()
        while store.batches < 20 { try store.batch() }
        try fill()
        for _ in 0..<20 where try !store.batch(.sends) { #expect(store.lastError == .storageFull) }
        try store.check()
        store.losePower(.none)
        try store.open()
        try store.check()
    }

    @Test func `with room again the store serves at once`() throws {
        try store.open()
        try fill()
        store.disk.capacity = nil
        for _ in 0..<20 { #expect(try store.batch()) }
        try store.check()
    }

    @Test func `deletes need no more room than the write-ahead log has`() throws {
        try store.open()
        while store.acknowledgedBatches < 60 { try store.batch() }
        store.close()
        try store.open()
        store.store?.checkpointPages = 1000
        store.disk.capacity = store.disk.used + 150_000
        var failed = 0
        for _ in 0..<200 where try !store.batch(.deletes) { failed += 1 }
        // Each failure is followed by a checkpoint, after which the log starts over.
        #expect((1...50).contains(failed))
        try store.check()
    }

    @Test func `messages that found no room in their tables stay out of them`() throws {
        let disk = FaultVFS(seed: 1)
        let files = try StoreFixture(disk: disk)
        let queue = try files.createQueue("a")
        // More than SQLite's cache holds, so that it writes before the commit.
        let large = OutgoingMessage(String(repeating: "x", count: 250_000))
        disk.capacity = disk.used + 1_000_000
        #expect(throws: QueueError.storageFull) {
            try files.perform(SendMessages(to: queue, Array(repeating: large, count: 100), isBatch: true))
        }
        disk.capacity = nil
        _ = files.failures.takeAll()
        try files.send("small", to: queue)
        #expect(try files.receiveTexts(from: queue) == ["small"])
    }
}
