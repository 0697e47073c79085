import Platform

/// Why no copy was made. The description is one line for the operator.
package enum BackupError: Error, CustomStringConvertible {
    case exists(path: String)
    case inProgress(path: String)
    case failed(path: String, SystemError)
    case damaged(path: String, problem: String)
    case logGrows(path: String, bytes: Int)
    case cancelled

    package var description: String {
        switch self {
        case .exists(let path):
            "\(path) exists, and is not overwritten; name another file, or remove it"
        case .inProgress(let path):
            "\(path) is being written by another process"
        case .failed(let path, let error):
            "cannot make \(path): \(error)"
        case .damaged(let path, let problem):
            "\(path) is damaged: \(problem); holdfast check tells more; keep your last good backup"
        case .logGrows(let path, let bytes):
            "gave up: while the copy was completed the log of \(path) grew to \(bytes >> 20) MB; try when there is "
                + "less to do"
        case .cancelled:
            "cancelled"
        }
    }
}
