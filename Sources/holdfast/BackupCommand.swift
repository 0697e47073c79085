import Platform
import QueueStore

/// The command line of `holdfast backup`.
struct BackupOptions: CommandOptions {
    static let command = "backup"
    static let operands = ["FILE"]

    var file = ""
    var database = "holdfast.db"

    mutating func take(_ operand: String, at index: Int) { file = operand }

    static let table: [CommandOption<BackupOptions>] = [
        CommandOption("--database", "FILE", "database to copy (holdfast.db)") {
            $0.database = $1
            return !$1.isEmpty
        }
    ]
}

/// `holdfast backup FILE`: a copy of the database in one file.
enum BackupCommand {
    static func run(_ options: BackupOptions) throws {
        let control = try CopyProgress.control()
        Thread.yieldToOthers()
        let start = MonotonicTime.milliseconds()
        let source = try DatabaseFile(path: options.database)
        defer { source.close() }
        let bytes = try Backup(of: source, to: options.file, control: control).run()
        let seconds = (MonotonicTime.milliseconds() - start) / 1000
        printLine("\(options.file): \(Megabytes.text(bytes)) copied in \(seconds) s")
    }
}

/// Shows on standard error how far a copy is, and lets SIGINT and SIGTERM end it without leaving anything behind.
enum CopyProgress {
    static func control() throws -> BackupControl {
        let signals = try SignalWaiter()
        var nextLineAt = MonotonicTime.milliseconds() + 1000
        return BackupControl(
            progress: { done, total in
                guard MonotonicTime.milliseconds() >= nextLineAt else { return }
                nextLineAt = MonotonicTime.milliseconds() + 1000
                printLine("copied \(Megabytes.text(done)) of \(Megabytes.text(total))", to: 2)
            },
            isCancelled: signals.isPending,
            rest: { Thread.sleep(milliseconds: $0) })
    }
}

/// Sizes for people.
enum Megabytes {
    static func text(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\((bytes + 1023) >> 10) KB" : "\(bytes >> 20) MB"
    }
}
