import HTTPServer

/// What surrounds a request besides its members, the same for both protocols.
package struct RequestContext: Sendable {
    package let requestID: String
    /// The account that owns all queues.
    package let account: String
    /// The region the request was signed for, else the configured one.
    package let region: String
    /// The access key the request was signed with; not verified.
    package let accessKey: String?
    /// The header X-Amzn-Trace-Id.
    package let traceID: String?
    /// What queue URLs begin with.
    package let baseURL: String
    private let path: String
    let wireProtocol: WireProtocol
    private let exchange: HTTPExchange

    init(
        _ request: HTTPRequest, _ wireProtocol: WireProtocol, _ form: FormParameters?, _ exchange: HTTPExchange,
        _ settings: SQSSettings
    ) {
        let scope = CredentialScope(request, form)
        requestID = request.id
        account = settings.account
        region = scope?.region ?? settings.region
        accessKey = scope?.accessKey
        traceID = request.headers["X-Amzn-Trace-Id"]
        baseURL = settings.baseURL ?? BaseURL.origin(host: request.headers["Host"], localPort: request.localPort)
        path = request.path
        self.wireProtocol = wireProtocol
        self.exchange = exchange
    }

    /// Asks to be told if the client goes away before the answer. `action` runs on the event loop, at most once.
    package func onAbandon(_ action: @escaping @Sendable () -> Void) {
        exchange.onAbandon(action)
    }

    /// The URL of a queue, as this client can reach it.
    package func queueURL(name: String) -> String {
        "\(baseURL)/\(account)/\(name)"
    }

    /// The queue that the parameter QueueUrl names, or else the path of the request.
    package func queueAddress(_ parameters: RequestParameters) throws(WireError) -> QueueAddress {
        if let url = try parameters.string("QueueUrl"), !url.isEmpty {
            guard let address = QueueAddress(url: url) else { throw .queueDoesNotExist }
            return address
        }
        if let address = QueueAddress(url: path) { return address }
        switch wireProtocol {
        case .json: throw .queueDoesNotExist
        case .query: throw WireError(.invalidAddress, "The address \(baseURL)/ is not valid for this endpoint.")
        }
    }
}
