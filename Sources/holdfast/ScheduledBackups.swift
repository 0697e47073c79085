import Platform
import QueueModel
import QueueStore

/// Takes backups on a schedule, on a thread of its own that gives way to everybody.
final class ScheduledBackups: Sendable {
    /// Nothing is ever posted: it is there to be waited at, and closed.
    private let stopping: Mailbox<Never>
    private let thread: Thread

    /// To be called when the store is open, and before anything else may close it.
    init(_ options: ServeOptions, into directory: String, clock: any Clock, logger: Logger) throws {
        let stopping = Mailbox<Never>(capacity: 1)
        self.stopping = stopping
        // The directory has to be there and readable now, rather than when the first backup is due.
        _ = try FileName.list(directory)
        thread = try Thread.start(named: "backup") {
            Self.run(options, directory, stopping, clock, logger)
        }
    }

    /// Gives up the running backup. To be called once.
    func stop() {
        stopping.close()
        thread.join()
    }

    private static func run(
        _ options: ServeOptions, _ directory: String, _ stopping: Mailbox<Never>, _ clock: any Clock, _ logger: Logger
    ) {
        Thread.yieldToOthers()
        let control = BackupControl(
            isCancelled: { stopping.isClosed },
            rest: { _ = stopping.takeAll(timeoutMilliseconds: $0) })
        // Never closed: that would drop the locks of the store, which is closed later.
        let source: DatabaseFile
        do {
            source = try DatabaseFile(path: options.database)
        } catch {
            return logger.error("no backups can be taken", ["error": "\(error)"])
        }
        let schedule = BackupSchedule(
            of: source, in: directory, intervalSeconds: options.backupIntervalSeconds, kept: options.backupsKept,
            control: control)
        func now() -> Timestamp { Timestamp(milliseconds: clock.now()) }
        var due = firstDue(schedule, now: now(), logger)
        while true {
            _ = stopping.takeAll(timeoutMilliseconds: max(0, due.since(now())))
            if stopping.isClosed { return }
            guard due.since(now()) <= 0 else { continue }
            runOnce(schedule, now: now(), logger)
            due = now().adding(seconds: options.backupIntervalSeconds)
        }
    }

    private static func firstDue(_ schedule: BackupSchedule, now: Timestamp, _ logger: Logger) -> Timestamp {
        do {
            return try schedule.nextDue(now: now)
        } catch {
            logger.error("cannot tell when the last backup was taken; one is taken now", ["error": "\(error)"])
            return now
        }
    }

    private static func runOnce(_ schedule: BackupSchedule, now: Timestamp, _ logger: Logger) {
        do {
            let result = try schedule.runOnce(now: now)
            logger.info(
                "backup taken",
                ["file": result.path, "bytes": "\(result.bytes)", "removed": "\(result.removed.count)"])
        } catch BackupError.cancelled {
            logger.info("backup given up: stopping")
        } catch {
            logger.error("backup failed; it is tried again at the next time", ["error": "\(error)"])
        }
    }
}
