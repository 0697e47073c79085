import Glibc
import TestSupport
import Testing

/// Engine, store, time, chance and a failing disk in one thread from one seed, held against the model.
///
/// `Scripts/simulate` runs it for longer; `Scripts/simulate --seed 7` repeats the history of a seed.
@Suite(.serialized)
struct SimulationTests {
    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    @Test(
        "clients notice nothing of power cuts, restarts and faults but errors",
        arguments: 1...3 as ClosedRange<UInt64>)
    func simulate(seed: UInt64) throws {
        let (history, disk) = try Self.run(seed: seed, steps: 1500)
        #expect(history.cuts > 0 && disk.failures > 0)
    }

    @Test func `a seed tells the same history each time`() throws {
        func digest(_ seed: UInt64) throws -> UInt64 { try Self.run(seed: seed, steps: 300).history.digest }
        let first = try digest(4)
        #expect(try digest(4) == first)
        #expect(try digest(5) != first)
    }

    @Test("for as long as asked", .enabled(if: number("HOLDFAST_SIMULATE") != nil))
    func forAsLongAsAsked() throws {
        let first = UInt64(Self.number("HOLDFAST_SEED") ?? Int(time(nil)))
        let steps = Self.number("HOLDFAST_STEPS") ?? 20_000
        let end = time(nil) + 60 * (Self.number("HOLDFAST_MINUTES") ?? 0)
        var seed = first
        var total = (steps: 0, cuts: 0, failures: 0)
        repeat {
            let (history, disk) = try Self.run(seed: seed, steps: steps)
            total = (total.steps + steps, total.cuts + history.cuts, total.failures + disk.failures)
            let digest = String(history.digest, radix: 16)
            print(
                "seed \(seed): history \(digest); \(total.steps) steps, \(total.cuts) power cuts, "
                    + "\(total.failures) failed calls so far")
            seed += 1
        } while time(nil) < end
    }

    @discardableResult
    private static func run(seed: UInt64, steps: Int) throws -> (history: RandomHistory, disk: FaultVFS) {
        let disk = FaultVFS(seed: seed)
        let history = try RandomHistory(seed: seed, disk: disk)
        do {
            try history.run(steps: steps)
        } catch {
            let story = history.story.joined(separator: "\n")
            throw Disagreement("seed \(seed): \(error)\nThe last events:\n\(story)")
        }
        return (history, disk)
    }
}
