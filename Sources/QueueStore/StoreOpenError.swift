import SQLite

/// Why a database file cannot be served. The description is one line for the operator: what is wrong, and the mend.
package enum StoreOpenError: Error, CustomStringConvertible {
    case cannotOpen(path: String, SQLiteError)
    case cannotRead(path: String, any Error)
    case empty(path: String)
    case logMissing(path: String)
    case logDamaged(path: String)
    case logWithoutDatabase(path: String)
    case notADatabase(path: String)
    case otherProgram(path: String)
    case newerVersion(path: String, found: Int, known: Int)
    case migrationChanged(path: String, name: String)
    case inUse(path: String)
    case migrationFailed(path: String, name: String, SQLiteError)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let error):
            "cannot open database \(path): \(error.message); check that its directory exists and can be written to"
        case .cannotRead(let path, let error):
            "cannot read \(path): \(error)"
        case .empty(let path):
            "\(path) is empty; name another file"
        case .logMissing(let path):
            "\(path) was in use when it was copied or its daemon died, and its log \(path)-wal is missing: what was "
                + "acknowledged last is not in it; put the log back, or restore a backup"
        case .logDamaged(let path):
            "the log \(path)-wal is damaged: what was acknowledged last cannot be read from it; restore a backup"
        case .logWithoutDatabase(let path):
            "\(path) is missing or empty, but its log \(path)-wal is there; put the file back, or restore a backup"
        case .notADatabase(let path):
            "\(path) is not a database, or is damaged; name another file, or restore a backup"
        case .otherProgram(let path):
            "\(path) is a database of another program; name another file"
        case .newerVersion(let path, let found, let known):
            "\(path) was written by a newer Holdfast (schema \(found), this one knows \(known)); use that version"
        case .migrationChanged(let path, let name):
            "\(path) was written with another form of migration \(name); use the Holdfast that wrote it"
        case .inUse(let path):
            "\(path) is in use by another process; stop it, or name another file"
        case .migrationFailed(let path, let name, let error):
            "cannot apply migration \(name) to \(path): \(error)"
        }
    }
}
