import Platform
import QueueModel
import QueueStore

/// The command line of `holdfast restore`.
struct RestoreOptions: CommandOptions {
    static let command = "restore"
    static let operands = ["BACKUP"]

    var backup = ""
    var database = "holdfast.db"
    var replaces = false

    mutating func take(_ operand: String, at index: Int) { backup = operand }

    static let table: [CommandOption<RestoreOptions>] = [
        CommandOption("--database", "FILE", "database whose place the backup takes (holdfast.db)") {
            $0.database = $1
            return !$1.isEmpty
        },
        CommandOption("--force", nil, "give up a database that is there") { options, _ in
            options.replaces = true
            return true
        },
    ]
}

/// `holdfast restore BACKUP`: puts a backup in the place of a database.
enum RestoreCommand {
    static func run(_ options: RestoreOptions) throws {
        let backup = try DatabaseFile(path: options.backup)
        defer { backup.close() }
        let restore = Restore(
            backup, to: options.database, replaces: options.replaces,
            now: Timestamp(milliseconds: SystemClock().now()), control: try CopyProgress.control())
        printLine(CheckCommand.summary(of: try restore.run()))
        printLine("\(options.backup) is now \(options.database)")
    }
}
