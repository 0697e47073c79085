import Glibc
import QueueStore
import TestSupport
import Testing

/// Power cuts at any moment, also in the middle of a commit, a checkpoint, a start or a stop. `Scripts/simulate` makes more
/// of them.
struct PowerLossTests {
    /// A history with many cuts on one disk.
    private static func run(seed: UInt64, cuts: Int, durability: StoreOptions.Durability) throws {
        let store = FaultyStore(seed: seed, durability: durability)
        for cut in 1...cuts {
            let fate = store.pick(FaultVFS.Fate.allCases)
            store.disk.cutPower(atChange: 1 + store.number(below: store.pick([3, 30, 300, 2000])))
            do {
                try live(store)
                store.losePower(fate)
                try store.open()
                try store.check()
            } catch {
                throw BrokenPromise("seed \(seed), cut \(cut) (\(fate)): \(error)")
            }
        }
        store.close()
    }

    /// Serves until the power fails.
    private static func live(_ store: FaultyStore) throws {
        while store.disk.hasPower {
            if store.store == nil {
                do {
                    try store.open()
                } catch let error as StoreOpenError {
                    guard !store.disk.hasPower else { throw error }
                }
            } else if store.number(below: 25) == 0 {
                store.number(below: 2) == 0 ? store.close() : store.kill()
            } else {
                let isAcknowledged = try store.batch()
                if !isAcknowledged, store.disk.hasPower { throw BrokenPromise("failed: \(store.failures.all)") }
            }
        }
    }

    @Test("nothing acknowledged is lost to a power cut", arguments: 1...6 as ClosedRange<UInt64>)
    func full(seed: UInt64) throws {
        try Self.run(seed: seed, cuts: 20, durability: .full)
    }

    @Test func `with relaxed durability a power cut loses what was acknowledged, and this test sees it`() throws {
        let losses = (1...3).count { seed in
            (try? Self.run(seed: seed, cuts: 20, durability: .relaxed)) == nil
        }
        #expect(losses == 3)
    }

    @Test("for as long as asked", .enabled(if: getenv("HOLDFAST_SIMULATE") != nil))
    func forAsLongAsAsked() throws {
        func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
        let end = time(nil) + 60 * (number("HOLDFAST_MINUTES") ?? 0)
        var seed = UInt64(number("HOLDFAST_SEED") ?? time(nil))
        var histories = 0
        repeat {
            try Self.run(seed: seed, cuts: 20, durability: .full)
            seed += 1
            histories += 1
        } while time(nil) < end
        print("the store alone: \(histories * 20) power cuts, the last seed \(seed - 1)")
    }
}
