import Glibc
import HTTPServer
import Platform
import QueueEngine
import QueueModel
import QueueStore
import SQSProtocol

/// `holdfast serve`: the daemon, from its start to its stop.
enum Serve {
    /// How long a stop waits for clients to take their answers.
    private static let drainMilliseconds: Int64 = 5000

    /// Serves until SIGTERM or SIGINT. Throws what keeps the daemon from starting.
    static func run(_ options: ServeOptions) throws {
        try options.check()
        // Before any thread is started, so that all of them inherit the blocked signals.
        let signals = try SignalWaiter()
        Memory.returnLargePieces()
        // There may be no other place to write to than that of the database. SQLite keeps there what a long statement may
        // have to undo (https://sqlite.org/tempfiles.html#temporary_file_storage_locations).
        setenv("SQLITE_TMPDIR", FileName.directory(of: storeOptions(options).path), 0)
        let clock = SystemClock()
        let logger = Logger(minimumLevel: options.logLevel, clock: clock)
        // The address first: if it is taken, no file is made or touched.
        let listener = try listen(options)
        if let directory = options.backupDirectory { try BackupSchedule.check(directory: directory) }
        let engine = try QueueEngine(
            store: storeOptions(options), options: engineOptions(options), clock: clock,
            report: { stopIfFatal($0, logger) })
        let server = try makeServer(options, listener, engine: engine, logger: logger, clock: clock)
        let backups = try startBackups(options, engine: engine, clock: clock, logger: logger)
        try server.start()
        printLine(readyLine(options, port: server.port))

        let signal = try signals.wait()
        logger.info("stopping", ["signal": signal == SIGTERM ? "SIGTERM" : "SIGINT"])
        server.stopAccepting()
        // Before the store, which cannot fold its log in while somebody reads.
        backups?.stop()
        engine.stop()
        server.shutDown(drainMilliseconds: drainMilliseconds)
        logger.info("stopped")
    }

    private static func startBackups(
        _ options: ServeOptions, engine: QueueEngine, clock: any Clock, logger: Logger
    ) throws -> ScheduledBackups? {
        do {
            return try options.backupDirectory.map {
                try ScheduledBackups(options, into: $0, clock: clock, logger: logger)
            }
        } catch {
            engine.stop()
            throw error
        }
    }

    private static func listen(_ options: ServeOptions) throws -> HTTPListener {
        do {
            return try HTTPListener(host: options.host, port: options.port)
        } catch {
            throw ListenError(host: options.host, port: options.port, reason: error)
        }
    }

    private static func makeServer(
        _ options: ServeOptions, _ listener: HTTPListener, engine: QueueEngine, logger: Logger, clock: any Clock
    ) throws -> HTTPServer {
        let settings = SQSSettings(
            account: options.account, region: options.region, baseURL: options.publicURL)
        let actions = ActionTable.all(Backend(engine: engine), logger: logger)
        let handler = DaemonHandler(engine: engine, api: SQSService(settings, actions))
        return try HTTPServer(
            listener, configuration: HTTPServerConfiguration(), handler: handler, logger: logger, clock: clock)
    }

    private static func storeOptions(_ options: ServeOptions) -> StoreOptions {
        StoreOptions(
            path: options.database, durability: options.durability, strictLimits: options.strictLimits,
            inFlightMax: options.inFlightMax)
    }

    private static func engineOptions(_ options: ServeOptions) -> EngineOptions {
        var engine = EngineOptions()
        engine.redriveGraceMilliseconds = Int64(options.redriveGraceSeconds) * 1000
        return engine
    }

    private static func stopIfFatal(_ failure: StoreFailure, _ logger: Logger) {
        logger.error("storage failed", ["error": failure.description])
        guard failure.isFatal else { return }
        logger.error("the database cannot be served any more; check the disk, restore a backup, and start again")
        // At once: nothing that happens after this could be kept.
        _exit(1)
    }

    private static func readyLine(_ options: ServeOptions, port: UInt16) -> String {
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        return "holdfast ready at http://\(host):\(port) database=\(options.database) "
            + "durability=\(options.durability.rawValue)"
    }
}

/// The address cannot be listened on.
struct ListenError: Error, CustomStringConvertible {
    let host: String
    let port: UInt16
    let reason: any Error

    var description: String {
        "cannot listen on \(host) port \(port): \(reason); name another with --host and --port"
    }
}
