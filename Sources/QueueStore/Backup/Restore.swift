import Glibc
import Platform
import QueueModel
import SQLite

/// Puts a backup in the place of a database.
package struct Restore {
    private let backup: DatabaseFile
    private let path: String
    private let replaces: Bool
    private let now: Timestamp
    private let control: BackupControl

    /// - Parameter replaces: whether a database that is there already is given up.
    package init(
        _ backup: DatabaseFile, to path: String, replaces: Bool, now: Timestamp,
        control: BackupControl = BackupControl()
    ) {
        self.backup = backup
        // Of a link to a database the file is replaced, not the link.
        self.path = FileName.resolvingLinks(path)
        self.replaces = replaces
        self.now = now
        self.control = control
    }

    /// Looks the backup through, copies it beside the database, and then puts it in its place. At every moment the name
    /// of the database stands for the whole old one, for none, or for the whole new one.
    package func run() throws -> CheckReport {
        if try !replaces && isTaken() { throw RestoreError.exists(path: path) }
        let report = try DatabaseCheck(of: backup).run()
        if let problem = report.problems.first { throw BackupError.damaged(path: backup.path, problem: problem) }
        let old = try FileName.status(of: path)
        // The lock is held on a file of that name, which is made if there is none. Nobody can begin to serve it.
        let lock = try DatabaseLock(path: path)
        defer { lock.release() }
        do {
            let file = try PendingFile(for: path, mode: old?.st_mode ?? backup.descriptor.status().st_mode)
            defer { file.close() }
            do {
                try Backup(of: backup, to: path, control: control).fill(file)
                try skipNumbers(in: file)
                try handOver(file, like: old)
                try file.place {
                    // The old log first, and the new file only when it is gone for good: the other way round a crash in
                    // between would have SQLite play the old log into the new file.
                    for name in PendingFile.companions(of: path) { try FileName.remove(name) }
                    try FileName.syncDirectory(of: path)
                }
            } catch {
                file.discard()
                throw error
            }
        } catch {
            if old == nil { try? FileName.remove(path) }
            throw (error as? SystemError).map { BackupError.failed(path: path, $0) } ?? error
        }
        return report
    }

    private func isTaken() throws -> Bool {
        for name in [path] + PendingFile.companions(of: path) where try FileName.status(of: name) != nil { return true }
        return false
    }

    /// Messages to come get no number that was given after the backup, or after an earlier restore: consumers may still hold
    /// receipt handles of those messages, and FIFO clients have seen the numbers.
    private func skipNumbers(in file: PendingFile) throws {
        do throws(SQLiteError) {
            let connection = try file.connect()
            try SequenceAllocator.skipNumbers(givenBefore: now, on: connection)
            try connection.close()
        } catch {
            throw StoreOpenError.cannotOpen(path: file.path, error)
        }
    }

    /// Who restores is often root, who serves hardly ever: the file belongs to whom the old one did, or the directory.
    private func handOver(_ file: PendingFile, like old: stat?) throws {
        guard geteuid() == 0 else { return }
        guard let owner = try old ?? FileName.status(of: FileName.directory(of: path)) else { return }
        try file.descriptor.setOwner(owner.st_uid, owner.st_gid)
    }
}

/// Why a backup was not put in place. The description is one line for the operator.
package enum RestoreError: Error, CustomStringConvertible {
    case exists(path: String)

    package var description: String {
        switch self {
        case .exists(let path): "\(path) exists, and is not overwritten; --force gives it up for the backup"
        }
    }
}
