import Glibc
import Platform
import QueueModel

/// Backups of one database in a directory, named after it and the time in UTC, as in `orders-20260131T090507Z.db`.
package struct BackupSchedule {
    private let directory: String
    private let intervalMilliseconds: Int64
    private let kept: Int
    private let source: DatabaseFile
    private let control: BackupControl

    /// - Parameter kept: how many are left when a new one is there; at least 1.
    package init(
        of source: DatabaseFile, in directory: String, intervalSeconds: Int, kept: Int, control: BackupControl
    ) {
        self.source = source
        self.directory = directory
        self.intervalMilliseconds = Int64(intervalSeconds) * 1000
        self.kept = kept
        self.control = control
    }

    /// What a run has done.
    package struct Result: Equatable {
        package let path: String
        package let bytes: Int
        /// Names of older backups that are no longer kept.
        package let removed: [String]
    }

    /// Fails for a directory that is not there or cannot be read.
    package static func check(directory: String) throws(BackupError) { _ = try list(directory) }

    private static func list(_ directory: String) throws(BackupError) -> [String] {
        do throws(SystemError) {
            return try FileName.list(directory)
        } catch {
            throw .noDirectory(path: directory, error)
        }
    }

    /// When the next backup is due, by the newest one that is there: a restart neither skips nor adds any.
    package func nextDue(now: Timestamp) throws -> Timestamp {
        guard let newest = try backups(now: now).last, let status = try FileName.status(of: "\(directory)/\(newest)")
        else {
            return now
        }
        let taken = Timestamp(
            milliseconds: Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec / 1_000_000))
        // A file from the future, by a clock that was wrong, must not put it off for longer than usual.
        return min(taken, now).adding(milliseconds: intervalMilliseconds)
    }

    /// Takes a backup, then removes those that are no longer kept. Nothing is removed when the backup fails.
    package func runOnce(now: Timestamp) throws -> Result {
        let path = "\(directory)/\(name(at: now))"
        let bytes = try Backup(of: source, to: path, control: control).run()
        let removed = Array(try backups(now: now).dropLast(kept))
        for name in removed + (try unfinished()) { try FileName.remove("\(directory)/\(name)") }
        return Result(path: path, bytes: bytes, removed: removed)
    }

    private static let suffix = ".db"

    private var prefix: String {
        let name = FileName.last(of: source.path)
        return (name.hasSuffix(Self.suffix) ? String(name.dropLast(Self.suffix.count)) : name) + "-"
    }

    /// The names of the backups that are there, the oldest first. Those that claim to come from the future were taken before
    /// the clock was set back.
    private func backups(now: Timestamp) throws(BackupError) -> [String] {
        let names = try Self.list(directory).filter { isBackup($0) }.sorted()
        let past = names.prefix { $0 <= name(at: now) }
        return Array(names.dropFirst(past.count) + past)
    }

    private func name(at now: Timestamp) -> String { "\(prefix)\(Self.timeName(now))\(Self.suffix)" }

    /// What a killed daemon has left. Only this one writes here, and it has just finished.
    private func unfinished() throws(BackupError) -> [String] {
        try Self.list(directory).filter { name in
            (PendingFile.companions(of: PendingFile.suffix) + [PendingFile.suffix]).contains { suffix in
                name.hasSuffix(suffix) && isBackup(name.dropLast(suffix.count))
            }
        }
    }

    /// Whether a name is one of ours: `20260131T090507Z` between the prefix and the suffix.
    private func isBackup(_ name: some StringProtocol) -> Bool {
        guard name.hasPrefix(prefix), name.hasSuffix(Self.suffix) else { return false }
        let time = name.dropFirst(prefix.count).dropLast(Self.suffix.count)
        let form = time.map { $0.isASCII && $0.isNumber ? "9" : $0 }
        return String(form) == "99999999T999999Z"
    }

    /// As in `20260131T090507Z`: sorts by time.
    private static func timeName(_ now: Timestamp) -> String {
        String(
            UTCTime(millisecondsSinceEpoch: now.milliseconds).iso8601.prefix(19).filter { $0 != "-" && $0 != ":" })
            + "Z"
    }
}
