import HTTPServer
import JSON

/// Amazon SQS over HTTP: finds out what a request asks for and lets the action answer it.
package struct SQSService: HTTPHandler {
    private let settings: SQSSettings
    private let actions: ActionTable

    package init(_ settings: SQSSettings, _ actions: ActionTable) {
        self.settings = settings
        self.actions = actions
    }

    package func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        let request = request
        switch Call(request) {
        case .json(let action):
            run(action, .json, request, nil, exchange) { () throws(WireError) in try Self.jsonMembers(request.body) }
        case .query(let action, let form):
            run(action, .query, request, form, exchange) { QueryMembers.members(of: form, for: action) }
        case .refused(let error, let wireProtocol):
            let id = request.id
            exchange.respond { error.response(in: wireProtocol, requestID: id) }
        case .nothing:
            exchange.respond { Self.noAction }
        }
    }

    private func run(
        _ action: ActionName, _ wireProtocol: WireProtocol, _ request: HTTPRequest, _ form: FormParameters?,
        _ exchange: HTTPExchange, _ members: () throws(WireError) -> [JSONMember]
    ) {
        do throws(WireError) {
            guard let handler = actions[action] else { throw .invalidAction(action.rawValue) }
            let parameters = RequestParameters(try members(), in: wireProtocol)
            handler(parameters, RequestContext(request, wireProtocol, form, exchange, settings))
        } catch {
            let id = request.id
            exchange.respond { error.response(in: wireProtocol, requestID: id) }
        }
    }

    /// The members of a JSON request. An empty body means the same as `{}`.
    private static func jsonMembers(_ body: [UInt8]) throws(WireError) -> [JSONMember] {
        if body.isEmpty { return [] }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body)
        } catch {
            throw .serialization("The request is not valid JSON: \(error).")
        }
        guard let members = value.object else { throw RequestParameters.mismatch(value, expected: "a Structure") }
        return members
    }

    /// What SQS says to a GET on a queue URL without an action, even to clients that would rather have JSON.
    private static let noAction = HTTPResponse(
        status: 404, headers: [("Content-Type", WireProtocol.query.contentType)],
        body: Array("<UnknownOperationException/>".utf8))
}
