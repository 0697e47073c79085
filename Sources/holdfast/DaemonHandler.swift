import HTTPServer
import QueueEngine
import QueueModel
import QueueStore

/// What the daemon answers beside the API: its health, and OPTIONS.
struct DaemonHandler: HTTPHandler {
    let engine: QueueEngine
    let api: any HTTPHandler

    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        if request.method == .options {
            exchange.respond { HTTPResponse(status: 204, headers: [("Allow", "GET, HEAD, POST, OPTIONS")], body: []) }
        } else if request.path == "/health" {
            checkHealth(exchange)
        } else {
            api.handle(request, exchange)
        }
    }

    func requestsBegin() { engine.gather() }
    func requestsEnd() { engine.startGathered() }

    /// 200 if the store commits a write now, 503 if it does not.
    private func checkHealth(_ exchange: HTTPExchange) {
        engine.write(CheckHealth()) { result in
            exchange.respond {
                switch result {
                case .success: Self.report(status: 200, "ok\n")
                case .failure(.storageFull): Self.report(status: 503, "the disk is full\n")
                case .failure(.shuttingDown): Self.report(status: 503, "shutting down\n")
                case .failure(.overloaded): Self.report(status: 503, "overloaded\n")
                case .failure: Self.report(status: 503, "the store does not commit; see the log\n")
                }
            }
        }
    }

    private static func report(status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "text/plain")], body: Array(text.utf8))
    }
}
