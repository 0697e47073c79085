import Glibc

/// What `Scripts/simulate` asks for, in the environment.
package struct SimulationRequest {
    package static var isMade: Bool { getenv("HOLDFAST_SIMULATE") != nil }

    private let seed: UInt64
    private let minutes: Int
    /// The steps of a history.
    package let steps: Int

    package init() {
        func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
        seed = UInt64(number("HOLDFAST_SEED") ?? time(nil))
        minutes = number("HOLDFAST_MINUTES") ?? 0
        steps = number("HOLDFAST_STEPS") ?? 10_000
    }

    /// Calls `run` with one seed after the other until the time is over, at least once.
    package func forEachSeed(_ run: (UInt64) throws -> Void) rethrows {
        let end = time(nil) + 60 * minutes
        var seed = seed
        repeat {
            try run(seed)
            seed += 1
        } while time(nil) < end
    }

    /// Prints a line at once, so that nothing is missing if the process ends badly.
    package func tell(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        let count = write(STDOUT_FILENO, bytes, bytes.count)
        precondition(count == bytes.count, "cannot write to the standard output")
    }
}
