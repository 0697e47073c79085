import Glibc
import TestSupport
import Testing

/// Engine, store, time, chance and a failing disk in one thread from one seed, held against the model.
///
/// `Scripts/simulate` runs it for longer, and repeats the history of a seed.
@Suite(.serialized)
struct SimulationTests {
    @Test(
        "clients notice nothing of power cuts, restarts and faults but errors",
        arguments: 1...3 as ClosedRange<UInt64>)
    func simulate(seed: UInt64) throws {
        let (history, disk) = try Self.run(seed: seed, steps: 3000)
        #expect(history.cuts > 0)
        #expect(disk.failures > 0)
        #expect(history.moves > 0)
    }

    @Test func `a seed tells the same history each time`() throws {
        func digest(_ seed: UInt64) throws -> UInt64 { try Self.run(seed: seed, steps: 300).history.digest }
        let first = try digest(4)
        #expect(try digest(4) == first)
        #expect(try digest(5) != first)
    }

    @Test("for as long as asked", .enabled(if: SimulationRequest.isMade))
    func forAsLongAsAsked() throws {
        let request = SimulationRequest()
        var total = (steps: 0, cuts: 0, failures: 0, moves: 0)
        try request.forEachSeed { seed in
            let (history, disk) = try Self.run(seed: seed, steps: request.steps)
            total.steps += request.steps
            total.cuts += history.cuts
            total.failures += disk.failures
            total.moves += history.moves
            let digest = String(history.digest, radix: 16)
            request.tell(
                "seed \(seed): history \(digest); \(total.steps) steps, \(total.cuts) power cuts, "
                    + "\(total.failures) failed calls, \(total.moves) messages moved by tasks so far")
        }
    }

    private static func run(seed: UInt64, steps: Int) throws -> (history: RandomHistory, disk: FaultVFS) {
        let disk = FaultVFS(seed: seed)
        let history = try RandomHistory(seed: seed, disk: disk)
        do {
            try history.run(steps: steps)
        } catch {
            throw Disagreement(
                """
                seed \(seed): \(error)
                The last events:
                \(history.story.joined(separator: "\n"))
                To repeat it: Scripts/simulate --seed \(seed) --steps \(steps)
                """)
        }
        return (history, disk)
    }
}
