import SQLite

/// Why a database file cannot be served. The description is one line for the operator: what is wrong, and the mend.
package enum StoreOpenError: Error, CustomStringConvertible {
    case cannotOpen(path: String, SQLiteError)
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
