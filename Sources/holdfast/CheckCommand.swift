import Glibc
import QueueStore

/// The command line of `holdfast check`.
struct CheckOptions: CommandOptions {
    static let command = "check"
    static let operands = ["FILE"]
    static let table: [CommandOption<CheckOptions>] = []

    var file = ""

    mutating func take(_ operand: String, at index: Int) { file = operand }
}

/// `holdfast check FILE`: looks a database through and tells what is in it.
enum CheckCommand {
    static func run(_ options: CheckOptions) throws {
        let file = try DatabaseFile(path: options.file)
        defer { file.close() }
        let report = try DatabaseCheck(of: file).run()
        printLine(summary(of: report))
        guard report.problems.isEmpty else {
            for problem in report.problems { printLine("holdfast: \(problem)", to: STDERR_FILENO) }
            fail("\(options.file) is damaged; restore a backup", status: 1)
        }
    }

    static func summary(of report: CheckReport) -> String {
        var lines = report.queues.map { queue in
            "\(queue.name.arn): \(counts(queue.counts.visible, queue.counts.inFlight, queue.counts.delayed))"
        }
        let all = report.queues.map(\.counts)
        let total = counts(
            all.map(\.visible).reduce(0, +), all.map(\.inFlight).reduce(0, +), all.map(\.delayed).reduce(0, +))
        let soundness =
            report.problems.isEmpty
            ? report.isOfCurrentSchema ? "sound" : "sound in structure (rows are checked once it has been upgraded)"
            : "DAMAGED"
        lines.append(
            "\(report.path): \(soundness), schema \(report.schemaVersion), \(Megabytes.text(Int(report.bytes))), "
                + "\(report.queues.count) \(report.queues.count == 1 ? "queue" : "queues"), \(total)")
        return lines.joined(separator: "\n")
    }

    private static func counts(_ visible: Int, _ inFlight: Int, _ delayed: Int) -> String {
        "\(visible) visible, \(inFlight) in flight, \(delayed) delayed"
    }
}
