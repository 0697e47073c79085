import QueueModel
import QueueStore
import TestSupport
import Testing

/// What a stop or a crash leaves as it was.
struct RestartTests {
    enum Restart: CaseIterable {
        case stop, crash
    }

    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test func `the latest time is known when the messages of that time are gone`() throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("a", to: queue)
        fixture.advance(seconds: 100)
        try fixture.perform(PurgeQueue(name: queue))
        try fixture.emptyLeftBacklogs()
        #expect(fixture.store.latestTime() == fixture.now)
        fixture.advance(seconds: 100)
        try fixture.perform(DeleteQueue(name: queue))
        try fixture.emptyLeftBacklogs()
        #expect(fixture.store.latestTime() == fixture.now)
    }

    @Test("messages keep their state, times and counts", arguments: Restart.allCases)
    func messages(restart: Restart) throws {
        let queue = try fixture.createQueue("q")
        try fixture.send("in flight", to: queue)
        let received = try fixture.receive(from: queue)[0]
        try fixture.send("visible", to: queue)
        try fixture.send("delayed", to: queue, delay: 20)
        try fixture.send("deleted", to: queue)
        let two = try fixture.receive(from: queue, 2, timeout: 10)
        try fixture.changeVisibility(of: two[0], in: queue, to: 0)
        try fixture.delete(two[1], from: queue)
        if restart == .stop { try fixture.reopen() } else { try fixture.crash() }
        try fixture.checkInvariants()
        #expect(try fixture.counts(queue) == [1, 1, 1])
        fixture.advance(seconds: 20)
        try fixture.makeDueVisible()
        #expect(try fixture.counts(queue) == [2, 1, 0])
        let again = try fixture.receive(from: queue)
        #expect(again.map(\.text) == ["visible", "delayed"])
        #expect(again.map(\.receiveCount) == [2, 1])
        try fixture.delete(received, from: queue)
        fixture.advance(seconds: 10)
        try fixture.makeDueVisible()
        #expect(try fixture.counts(queue) == [0, 2, 0])
    }

    @Test("ids of queues and backlogs are never used again", arguments: Restart.allCases)
    func identifiers(restart: Restart) throws {
        let relaxed = try StoreFixture(strictLimits: false)
        var ids: [QueueID] = []
        for _ in 0..<4 {
            let queue = try relaxed.createQueue("q")
            ids.append(try relaxed.id(of: queue))
            try relaxed.perform(DeleteQueue(name: queue))
            try relaxed.emptyLeftBacklogs()
            if restart == .stop { try relaxed.reopen() } else { try relaxed.crash() }
        }
        #expect(Set(ids).count == 4)
    }

    @Test func `a stop leaves one file, with everything in it`() throws {
        let queue = try fixture.createQueue("q")
        for number in 1...100 { try fixture.send("\(number)", to: queue) }
        fixture.close()
        #expect(fixture.directory.files == ["store-1.db"])
        try fixture.open()
        #expect(try fixture.counts(queue) == [100, 0, 0])
    }
}
