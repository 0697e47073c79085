import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// The power fails while the file is made shorter.
struct SpareRoomFaultTests {
    private static let texts = (0..<20).map { "\($0) " + String(repeating: "x", count: 3000) }

    /// A store with a few messages at the end of a file that is mostly free.
    private func makeHalfEmpty(on disk: FaultVFS) throws -> (StoreFixture, QueueName) {
        let fixture = try StoreFixture(freePagesKept: 4, disk: disk)
        fixture.checksInvariants = false
        let queue = try fixture.createQueue("q")
        let kept = try fixture.createQueue("kept")
        for _ in 0..<20 {
            let messages = Self.texts.prefix(10).map { OutgoingMessage($0) }
            try fixture.perform(SendMessages(to: queue, messages, isBatch: true))
        }
        for text in Self.texts { try fixture.send(text, to: kept) }
        try fixture.perform(PurgeQueue(name: queue))
        try fixture.emptyLeftBacklogs()
        try fixture.reopen()
        return (fixture, kept)
    }

    private func giveBackAll(_ fixture: StoreFixture) throws {
        while try fixture.giveBackFreePages(limit: 20).nextDue != nil {}
    }

    @Test(
        "a power cut at any moment of it loses nothing, and it goes on afterwards", arguments: FaultVFS.Fate.allCases)
    func powerCut(fate: FaultVFS.Fate) throws {
        var cuts = 0
        for nth in 1... {
            let disk = FaultVFS(seed: UInt64(nth))
            let (fixture, kept) = try makeHalfEmpty(on: disk)
            let long = disk.used
            disk.cutPower(atChange: nth)
            try? giveBackAll(fixture)
            if disk.hasPower { break }
            cuts += 1
            try fixture.restorePower(unsynced: fate, seed: UInt64(nth), cutAtChange: nil)
            try giveBackAll(fixture)
            fixture.close()
            #expect(disk.used < long / 2)
            try fixture.open()
            #expect(try fixture.receiveTexts(from: kept, 10) + fixture.receiveTexts(from: kept, 10) == Self.texts)
            try fixture.checkInvariants()
            try fixture.checkForDamage()
        }
        #expect(cuts > 40)
    }
}
