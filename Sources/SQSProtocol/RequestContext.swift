import HTTPServer
import QueueModel

/// What surrounds a request besides its members, the same for both protocols.
///
/// A class because every closure on the way to the answer holds it, and a copy of all its texts would cost more.
package final class RequestContext: Sendable {
    package let requestID: String
    /// The account the client speaks for.
    package let account: String
    /// The region the request was signed for, else the configured one.
    package let region: String
    /// The header X-Amzn-Trace-Id.
    package let traceID: String?
    private let configuredBaseURL: String?
    private let host: String?
    private let localPort: UInt16
    private let path: String
    let wireProtocol: WireProtocol
    let exchange: HTTPExchange

    init(
        _ request: HTTPRequest, _ wireProtocol: WireProtocol, _ form: FormParameters?, _ exchange: HTTPExchange,
        _ settings: SQSSettings
    ) {
        let scope = CredentialScope(request, form)
        account = scope?.account ?? settings.account
        region = scope?.region ?? settings.region
        requestID = request.id
        traceID = Self.text(request.headers.bytes(of: "x-amzn-trace-id"))
        configuredBaseURL = settings.baseURL
        host = Self.text(request.headers.bytes(of: "host"))
        localPort = request.localPort
        path = request.path
        self.wireProtocol = wireProtocol
        self.exchange = exchange
    }

    private static func text(_ utf8: ArraySlice<UInt8>?) -> String? {
        if let utf8 { String(decoding: utf8, as: UTF8.self) } else { nil }
    }

    /// Asks to be told if the client goes away before the answer. `action` runs on the event loop, at most once.
    package func onAbandon(_ action: @escaping @Sendable () -> Void) {
        exchange.onAbandon(action)
    }

    /// Keeps an object until the answer has been made, or the client has gone.
    func keep(_ object: any AnyObject & Sendable) {
        exchange.keep(object)
    }

    /// What queue URLs begin with.
    package var baseURL: String {
        configuredBaseURL ?? BaseURL.origin(host: host, localPort: localPort)
    }

    /// The URL of a queue, as this client can reach it.
    func queueURL(_ queue: QueueName) -> String {
        "\(baseURL)/\(queue.account)/\(queue.name)"
    }

    /// A queue of this request's region, by default of its account.
    func queueName(_ name: String, account: String? = nil) -> QueueName {
        QueueName(account: account ?? self.account, region: region, name: name)
    }

    /// The queue that the request is about.
    func queueName(_ parameters: RequestParameters) throws(WireError) -> QueueName {
        let address = try queueAddress(parameters)
        // What stands before the name and is no account is part of some proxy's path.
        guard let account = address.account, AccountID.isValid(account) else { return queueName(address.name) }
        return queueName(address.name, account: account)
    }

    /// The queue that the parameter QueueUrl names, or else the path of the request.
    private func queueAddress(_ parameters: RequestParameters) throws(WireError) -> QueueAddress {
        if let url = try parameters.bytes("QueueUrl"), !url.isEmpty {
            guard let address = QueueAddress(url: url) else { throw .queueDoesNotExist }
            return address
        }
        if let address = QueueAddress(url: Array(path.utf8)) { return address }
        switch wireProtocol {
        case .json: throw .queueDoesNotExist
        case .query: throw WireError(.invalidAddress, "The address \(baseURL)/ is not valid for this endpoint.")
        }
    }
}
