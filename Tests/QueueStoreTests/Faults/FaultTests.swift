import QueueModel
import TestSupport
import Testing

@testable import QueueStore

/// A disk whose calls fail, one after another until none is left to fail.
struct FaultTests {
    struct Fault: CustomStringConvertible {
        let calls: FaultVFS.Calls
        let failure: FaultVFS.Failure
        let name: String

        var description: String { name }
    }

    static let faults = [
        Fault(calls: .write, failure: .ioError, name: "writes, I/O error"),
        Fault(calls: .write, failure: .diskFull, name: "writes, disk full"),
        Fault(calls: .write, failure: .shortWrite, name: "writes, in part"),
        Fault(calls: .sync, failure: .ioError, name: "syncs"),
        Fault(calls: .truncate, failure: .ioError, name: "truncations"),
        Fault(calls: .open, failure: .ioError, name: "opens"),
        Fault(calls: .delete, failure: .ioError, name: "deletions"),
        Fault(calls: .read, failure: .ioError, name: "reads"),
        Fault(calls: .lock, failure: .ioError, name: "locks, I/O error"),
        Fault(calls: .lock, failure: .busy, name: "locks, busy"),
        Fault(calls: .sharedMemory, failure: .ioError, name: "shared memory"),
    ]

    /// What happens after a batch that failed.
    enum Ending: CaseIterable {
        case goesOn, restarts
    }

    @Test("a call that fails once is an error to its batch and harms nothing else", arguments: faults, Ending.allCases)
    func once(fault: Fault, ending: Ending) throws {
        try Self.untilNoneFires { nth in try Self.run(fault, at: nth, lasts: false, ending) }
    }

    @Test("calls that go on failing are errors until the disk is well again", arguments: faults)
    func lasting(fault: Fault) throws {
        try Self.untilNoneFires { nth in try Self.run(fault, at: nth, lasts: true, .goesOn) }
    }

    @Test func `a start waits for a program that has all of the file for a moment`() throws {
        let store = FaultyStore(seed: 1)
        try store.open()
        try store.batch(.sends)
        store.kill()
        // The first lock is the one that everybody takes who opens the file.
        store.disk.fail(.lock, at: 1, with: .busy)
        try store.open()
        #expect(store.disk.failures == 1)
        try store.check()
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `what was refused because of a failed sync does not come back with a crash`(seed: UInt64) throws {
        let store = FaultyStore(seed: seed)
        try store.open()
        try store.batch(.sends)
        store.disk.fail(.sync, at: 1)
        #expect(try !store.batch(.sends))
        // Finds that it is not there, and expects it to stay so.
        try store.check()
        store.kill()
        try store.open()
        try store.check()
    }

    /// The syncs of a checkpoint are that of the log and that of the file.
    @Test("a checkpoint that cannot be synced stops the store, and nothing is lost with it", arguments: [1, 2])
    func checkpoint(failedSync: Int) throws {
        let store = FaultyStore(seed: 1)
        try store.open()
        store.store?.checkpointPages = .max
        try store.batch(.sends)
        store.store?.checkpointPages = 1
        store.disk.fail(.sync, at: failedSync)
        store.store?.checkpointIfDue()
        // SQLite may take pages for copied that the system has dropped.
        #expect(store.failedFatally)
        store.losePower(.none)
        try store.open()
        try store.check()
    }

    @Test func `a database that cannot have a write-ahead log is refused`() throws {
        let disk = FaultVFS(seed: 1)
        let options = StoreOptions(path: ":memory:", vfs: disk.name, inFlightMax: 10)
        #expect(throws: StoreOpenError.self) {
            try Store(options: options, now: Timestamp(milliseconds: 1)) { _ in }
        }
    }

    /// Calls `run` with 1, 2, 3, … until it tells that nothing has failed.
    private static func untilNoneFires(_ run: (Int) throws -> Bool) throws {
        var nth = 1
        while try run(nth) { nth += 1 }
        #expect(nth > 1, "nothing was there to fail")
    }

    /// The life of a store from its first start on, in which the `nth` call fails. False if there were fewer calls.
    private static func run(_ fault: Fault, at nth: Int, lasts: Bool, _ ending: Ending) throws -> Bool {
        let store = FaultyStore(seed: UInt64(nth))
        do {
            store.disk.fail(fault.calls, at: nth, with: fault.failure, lasts: lasts)
            let errors = try live(store, ending)
            if store.disk.failures == 0, errors > 0 { throw BrokenPromise("no cause for \(store.failures.all)") }
            store.disk.heal()
            try end(store)
        } catch {
            throw BrokenPromise("\(fault), \(nth): \(error)")
        }
        return store.disk.failures > 0
    }

    /// A start, two batches, a stop. Tells how many of the steps ended with an error.
    private static func live(_ store: FaultyStore, _ ending: Ending) throws -> Int {
        var errors = 0
        for step in 1...3 {
            if store.store == nil {
                do {
                    try store.open()
                } catch is StoreOpenError {
                    errors += 1
                    continue
                }
            }
            if step == 3 {
                store.close()
            } else if try !store.batch() {
                errors += 1
                if store.failedFatally || ending == .restarts { store.kill() }
            }
        }
        return errors
    }

    /// With the disk well again the store serves, and what it acknowledges now survives a power cut: a failed sync has
    /// not left it with pages that the system believes to be on disk.
    private static func end(_ store: FaultyStore) throws {
        if store.store == nil { try store.open() }
        try store.check()
        guard try store.batch() else { throw BrokenPromise("does not serve again: \(store.failures.all)") }
        store.losePower(store.pick(FaultVFS.Fate.allCases))
        try store.open()
        try store.check()
        store.close()
    }
}
