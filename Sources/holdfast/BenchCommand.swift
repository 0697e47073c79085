import Glibc
import LoadGenerator
import Platform

/// The command line of `holdfast bench`.
struct BenchOptions: CommandOptions {
    static let command = "bench"

    enum Format: String {
        case text, json
    }

    var endpointURL = "http://127.0.0.1:9324"
    var scenario: ScenarioName?
    var connections = 64
    var messageSize = 1024
    var seconds = 10.0
    var warmUp = 2.0
    var rate: Double?
    var groups = 0
    var backlog: Int?
    var requests: Int?
    var format = Format.text

    static let scenarios = ScenarioName.allCases.map(\.rawValue).joined(separator: "|")

    static let table: [CommandOption<BenchOptions>] = [
        CommandOption("--scenario", scenarios, "what to measure; must be given") {
            $0.scenario = ScenarioName(rawValue: $1)
            return $0.scenario != nil
        },
        CommandOption("--endpoint-url", "URL", "the SQS server (http://127.0.0.1:9324)") {
            $0.endpointURL = $1
            return !$1.isEmpty
        },
        CommandOption("--connections", "COUNT", "connections, each with one request at a time (64)") {
            guard let count = Int($1), (1...60_000).contains(count) else { return false }
            $0.connections = count
            return true
        },
        CommandOption("--message-size", "BYTES", "size of the message bodies (1024)") {
            guard let size = Int($1), (1...1_048_576).contains(size) else { return false }
            $0.messageSize = size
            return true
        },
        CommandOption("--seconds", "SECONDS", "how long to measure (10)") {
            guard let seconds = Double($1), seconds > 0, seconds <= 86_400 else { return false }
            $0.seconds = seconds
            return true
        },
        CommandOption("--requests", "COUNT", "measure so many requests instead of a time") {
            guard let count = Int($1), count > 0 else { return false }
            $0.requests = count
            return true
        },
        CommandOption("--warm-up", "SECONDS", "how long to run before the measuring begins (2)") {
            guard let seconds = Double($1), seconds >= 0, seconds <= 3600 else { return false }
            $0.warmUp = seconds
            return true
        },
        CommandOption(
            "--rate", "REQUESTS",
            "requests a second, at fixed times; without it each connection asks on when it has its answer"
        ) {
            guard let rate = Double($1), rate > 0, rate <= 1e6 else { return false }
            $0.rate = rate
            return true
        },
        CommandOption("--groups", "COUNT", "use a FIFO queue and spread the messages over so many groups") {
            guard let count = Int($1), (1...10_000_000).contains(count) else { return false }
            $0.groups = count
            return true
        },
        CommandOption(
            "--backlog", "COUNT", "messages in the queue before the measuring (0, for receive-delete 100000)"
        ) {
            guard let count = Int($1), count >= 0 else { return false }
            $0.backlog = count
            return true
        },
        CommandOption("--format", "text|json", "how to print the result (text)") {
            guard let format = Format(rawValue: $1) else { return false }
            $0.format = format
            return true
        },
    ]

    func settings() throws -> LoadSettings {
        guard let scenario else {
            throw UsageError("holdfast bench needs --scenario \(Self.scenarios); see holdfast bench --help")
        }
        var settings = LoadSettings(endpoint: try endpoint(), scenario: scenario)
        settings.connections = connections
        settings.messageSize = messageSize
        settings.seconds = seconds
        settings.warmUp = warmUp
        settings.rate = rate
        settings.groups = groups
        settings.backlog = backlog
        settings.requests = requests
        if let problem = settings.problem { throw UsageError(problem) }
        return settings
    }

    private func endpoint() throws(UsageError) -> Endpoint {
        do {
            return try Endpoint(endpointURL)
        } catch {
            throw UsageError("\(error)")
        }
    }
}

/// `holdfast bench`: measures an SQS server.
enum BenchCommand {
    static func run(_ options: BenchOptions) throws {
        let settings = try options.settings()
        let showsProgress = options.format == .text || isatty(STDERR_FILENO) == 1
        let test = LoadTest(settings, signals: try SignalWaiter()) { event in
            switch event {
            case .progress(let line): if showsProgress { printLine(line, to: STDERR_FILENO) }
            case .warning(let line): printLine("holdfast: \(line)", to: STDERR_FILENO)
            }
        }
        let report = try test.run()
        printLine(options.format == .json ? report.json : report.text)
        if let error = report.firstError {
            fail("\(report.errors) requests failed, the first: \(error)", status: 1)
        }
    }
}
