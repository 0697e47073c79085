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
            store.disk.cutPower(atChange: 1 + store.number(below: store.pick([3, 10, 40, 300])))
            do {
                try live(store)
                store.losePower(fate)
                try store.open()
                try store.check()
            } catch {
                throw BrokenPromise(
                    """
                    seed \(seed), cut \(cut) (\(fate)): \(error)
                    To repeat it: Scripts/simulate --seed \(seed) --steps 1
                    """)
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

    @Test("for as long as asked", .enabled(if: SimulationRequest.isMade))
    func forAsLongAsAsked() throws {
        let request = SimulationRequest()
        var cuts = 0
        try request.forEachSeed { seed in
            try Self.run(seed: seed, cuts: 20, durability: .full)
            cuts += 20
            if cuts % 1000 == 20 { request.tell("the store alone, seed \(seed): \(cuts) power cuts so far") }
        }
        request.tell("the store alone: \(cuts) power cuts")
    }
}
