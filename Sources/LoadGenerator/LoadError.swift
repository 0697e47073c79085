import Platform

/// Why a load test cannot be run, or not to its end. Each is told in one line.
package enum LoadError: Error, Equatable, CustomStringConvertible {
    case notAnEndpoint(String)
    case httpsIsNotSupported(String)
    case unreachable(String, String)
    case wentAway(String, String)
    case notHTTP(String, String)
    case silent(String, seconds: Int)
    /// An answer that a test cannot go on after.
    case refused(String)
    /// There was next to nothing left to measure after the warm-up.
    case backlogTooSmall(Int)
    case interrupted
    case system(SystemError)

    package var description: String {
        switch self {
        case .notAnEndpoint(let url): "\(url) is no endpoint: it should look like http://127.0.0.1:9324"
        case .httpsIsNotSupported(let url): "\(url) cannot be tested: https is not supported, only http"
        case .unreachable(let url, let reason): "cannot reach \(url): \(reason)"
        case .wentAway(let url, let reason): "\(url) went away: \(reason)"
        case .notHTTP(let url, let reason): "\(url) does not answer in HTTP: \(reason)"
        case .silent(let url, let seconds): "\(url) has not answered any request for \(seconds) s"
        case .refused(let answer): answer
        case .backlogTooSmall(let backlog):
            "the backlog of \(backlog) messages was all but empty when the measuring began: raise --backlog or lower --warm-up"
        case .interrupted: "interrupted"
        case .system(let error): "\(error)"
        }
    }
}
