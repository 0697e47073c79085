import Glibc
import Testing

/// The engine against the model, over random histories.
///
/// `HOLDFAST_SEED=7 HOLDFAST_STEPS=50000 swift test --filter RandomHistoryTests` runs one longer history.
@Suite(.serialized)
struct RandomHistoryTests {
    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    private static let seeds: [UInt64] = number("HOLDFAST_SEED").map { [$0] } ?? [1, 2, 3, 4, 5]
    private static let steps: Int = number("HOLDFAST_STEPS").map { Int($0) } ?? 5000

    @Test("engine and model agree", arguments: seeds)
    func agree(seed: UInt64) throws {
        let history = try RandomHistory(seed: seed)
        do {
            try history.run(steps: Self.steps)
        } catch {
            Issue.record(
                """
                seed \(seed): \(error)
                The last events:
                \(history.story.joined(separator: "\n"))
                To repeat it: HOLDFAST_SEED=\(seed) HOLDFAST_STEPS=\(Self.steps) swift test --filter RandomHistoryTests
                """)
        }
    }
}
