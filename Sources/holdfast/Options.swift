import FoundationEssentials
import Platform
import QueueModel
import QueueStore

/// The options of `holdfast serve`. Each can also be set in the environment: `--log-level` is `HOLDFAST_LOG_LEVEL`.
/// The command line wins.
struct ServeOptions {
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
    var logLevel = LogLevel.info

    /// Reads the arguments after `serve` and the environment.
    init(arguments: [String], environment: [String: String]) throws(UsageError) {
        for option in Self.table {
            guard let value = environment[option.environmentName] else { continue }
            try option.set(&self, value, named: option.environmentName)
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = Self.table.first(where: { $0.name == parts[0] }) else {
                throw UsageError("unknown option \(argument); see holdfast serve --help")
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw UsageError("option \(option.name) needs a value: \(option.name) \(option.placeholder)")
            }
            try option.set(&self, value, named: option.name)
        }
    }

    static let table: [ServeOption] = [
        ServeOption("--host", "ADDRESS", "address to listen on (127.0.0.1); :: listens on IPv4 and IPv6") {
            $0.host = $1
            return !$1.isEmpty
        },
        ServeOption("--port", "PORT", "port to listen on (9324); 0 takes a free one") {
            guard let port = UInt16($1) else { return false }
            $0.port = port
            return true
        },
        ServeOption("--database", "FILE", "database file, created if missing (holdfast.db)") {
            $0.database = $1
            return !$1.isEmpty
        },
        ServeOption("--region", "NAME", "region of clients that name none (us-east-1)") {
            $0.region = $1
            return !$1.isEmpty && $1.utf8.allSatisfy(\.isQueueNameCharacter)
        },
        ServeOption("--account", "DIGITS", "account of clients that name none, twelve digits (000000000000)") {
            $0.account = $1
            return AccountID.isValid($1)
        },
        ServeOption(
            "--durability", "full|relaxed",
            "full syncs before each answer; relaxed can lose the last seconds "
                + "in a power cut (full)"
        ) {
            guard let durability = StoreOptions.Durability(rawValue: $1) else { return false }
            $0.durability = durability
            return true
        },
        ServeOption(
            "--limits", "strict|relaxed",
            "strict waits 60 s between purges and before a deleted queue's name "
                + "is used again, as SQS does (strict)"
        ) {
            $0.strictLimits = $1 == "strict"
            return $1 == "strict" || $1 == "relaxed"
        },
        ServeOption("--public-url", "URL", "beginning of queue URLs; without it they follow each request's Host header")
        {
            $0.publicURL = $1.hasSuffix("/") ? String($1.dropLast()) : $1
            return $1.hasPrefix("http://") || $1.hasPrefix("https://")
        },
        ServeOption("--in-flight-limit", "COUNT", "messages of one queue that may be in flight (120000)") {
            guard let count = Int($1), count > 0 else { return false }
            $0.inFlightMax = count
            return true
        },
        ServeOption(
            "--redrive-grace", "SECONDS",
            "after this time an exhausted message that nobody receives moves to "
                + "the dead-letter queue (60)"
        ) {
            guard let seconds = Int($1), (0...1_209_600).contains(seconds) else { return false }
            $0.redriveGraceSeconds = seconds
            return true
        },
        ServeOption("--log-level", "debug|info|warning|error", "least severity that is logged on standard error (info)")
        {
            guard let level = LogLevel(rawValue: $1) else { return false }
            $0.logLevel = level
            return true
        },
    ]
}

/// One option: its name, what stands for the value in the help, and how it is taken in.
struct ServeOption: Sendable {
    let name: String
    let placeholder: String
    let help: String
    private let take: @Sendable (inout ServeOptions, String) -> Bool

    init(
        _ name: String, _ placeholder: String, _ help: String,
        take: @escaping @Sendable (inout ServeOptions, String) -> Bool
    ) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.take = take
    }

    var environmentName: String {
        "HOLDFAST_" + name.dropFirst(2).uppercased().replacing("-", with: "_")
    }

    func set(_ options: inout ServeOptions, _ value: String, named given: String) throws(UsageError) {
        guard take(&options, value) else {
            throw UsageError("\(given) cannot be \"\(value)\": it takes \(placeholder), \(help)")
        }
    }
}

/// A command line that cannot be followed. The message is one line: what is wrong, and the mend.
struct UsageError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
