import Platform
import QueueModel
import QueueStore

/// The options of `holdfast serve`.
struct ServeOptions: CommandOptions {
    static let command = "serve"

    var host = "127.0.0.1"
    var port: UInt16 = 9324
    var database = "holdfast.db"
    var region = "us-east-1"
    var account = "000000000000"
    var durability = StoreOptions.Durability.full
    var strictLimits = true
    var publicURL: String?
    var inFlightMax = Limits.inFlightMax
    var redriveGraceSeconds = 60
    var backupDirectory: String?
    var backupIntervalSeconds = 86_400
    var backupsKept = 7
    private var hasBackupSchedule = false
    var logLevel = LogLevel.info

    static let table: [CommandOption<ServeOptions>] = [
        CommandOption("--host", "ADDRESS", "address to listen on (127.0.0.1); :: listens on IPv4 and IPv6") {
            $0.host = $1
            return !$1.isEmpty
        },
        CommandOption("--port", "PORT", "port to listen on (9324); 0 takes a free one") {
            guard let port = UInt16($1) else { return false }
            $0.port = port
            return true
        },
        CommandOption("--database", "FILE", "database file, created if missing (holdfast.db)") {
            $0.database = $1
            return !$1.isEmpty
        },
        CommandOption("--region", "NAME", "region of clients that name none (us-east-1)") {
            $0.region = $1
            return !$1.isEmpty && $1.utf8.allSatisfy(\.isQueueNameCharacter)
        },
        CommandOption("--account", "DIGITS", "account of clients that name none, twelve digits (000000000000)") {
            $0.account = $1
            return AccountID.isValid($1)
        },
        CommandOption(
            "--durability", "full|relaxed",
            "full syncs before each answer; relaxed can lose the last seconds "
                + "in a power cut (full)"
        ) {
            guard let durability = StoreOptions.Durability(rawValue: $1) else { return false }
            $0.durability = durability
            return true
        },
        CommandOption(
            "--limits", "strict|relaxed",
            "strict waits 60 s between purges and before a deleted queue's name "
                + "is used again, as SQS does (strict)"
        ) {
            $0.strictLimits = $1 == "strict"
            return $1 == "strict" || $1 == "relaxed"
        },
        CommandOption(
            "--public-url", "URL", "beginning of queue URLs; without it they follow each request's Host header"
        ) {
            $0.publicURL = $1.hasSuffix("/") ? String($1.dropLast()) : $1
            return $1.hasPrefix("http://") || $1.hasPrefix("https://")
        },
        CommandOption("--in-flight-limit", "COUNT", "messages of one queue that may be in flight (120000)") {
            guard let count = Int($1), count > 0 else { return false }
            $0.inFlightMax = count
            return true
        },
        CommandOption(
            "--redrive-grace", "SECONDS",
            "after this time an exhausted message that nobody receives moves to "
                + "the dead-letter queue (60)"
        ) {
            guard let seconds = Int($1), (0...1_209_600).contains(seconds) else { return false }
            $0.redriveGraceSeconds = seconds
            return true
        },
        CommandOption(
            "--backup-directory", "DIRECTORY", "take backups of the database on a schedule, into this directory"
        ) {
            $0.backupDirectory = $1
            return !$1.isEmpty
        },
        CommandOption("--backup-interval", "SECONDS", "time from one scheduled backup to the next (86400)") {
            guard let seconds = Int($1), (1...31_536_000).contains(seconds) else { return false }
            $0.backupIntervalSeconds = seconds
            $0.hasBackupSchedule = true
            return true
        },
        CommandOption("--backup-keep", "COUNT", "scheduled backups that are kept, the oldest are removed (7)") {
            guard let count = Int($1), count > 0 else { return false }
            $0.backupsKept = count
            $0.hasBackupSchedule = true
            return true
        },
        CommandOption(
            "--log-level", "debug|info|warning|error", "least severity that is logged on standard error (info)"
        ) {
            guard let level = LogLevel(rawValue: $1) else { return false }
            $0.logLevel = level
            return true
        },
    ]

    /// Fails for options that do nothing without another: whoever gives them believes that there are backups.
    func check() throws(UsageError) {
        guard backupDirectory == nil, hasBackupSchedule else { return }
        throw UsageError("--backup-interval and --backup-keep need --backup-directory; see holdfast serve --help")
    }
}
