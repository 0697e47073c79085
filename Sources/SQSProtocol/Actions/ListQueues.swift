import Crypto
import QueueModel
import QueueStore

/// Lists the queues of the account and region, ascending by name, in pages if asked to.
struct ListQueuesAction: Action {
    static let name = ActionName.listQueues
    let backend: Backend

    struct Request: Sendable {
        let paging: Paging
        let operation: ListQueues
    }

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request {
        let paging = try Paging(parameters)
        return Request(
            paging: paging,
            operation: ListQueues(
                account: context.account, region: context.region,
                prefix: try parameters.string("QueueNamePrefix") ?? "", after: paging.after ?? "",
                limit: paging.limit))
    }

    struct Response: Sendable {
        let queues: [QueueName]
        let nextToken: String?
    }

    func perform(_ request: Request, _ context: RequestContext, _ completion: @escaping Completion<Response>) {
        backend.engine.read(request.operation) { result in
            completion(
                result.map { page in
                    Response(
                        queues: page.items,
                        nextToken: page.hasMore ? request.paging.token(after: page.items.last?.name) : nil)
                })
        }
    }

    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter) {
        result.stringList("QueueUrls", response.queues.map(context.queueURL))
        result.string("NextToken", ifPresent: response.nextToken)
    }
}

/// `MaxResults` and `NextToken`: without `MaxResults` there is one page of up to 1000 and never a token.
struct Paging: Sendable {
    let limit: Int
    /// Where the page before ended.
    let after: String?
    private let isPaged: Bool

    init(_ parameters: RequestParameters) throws {
        let maximum = try parameters.integer("MaxResults")
        guard Limits.listPage.contains(maximum ?? 1) else {
            throw QueueError.invalidParameter(
                "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
        }
        isPaged = maximum != nil
        limit = maximum ?? Limits.listPage.upperBound
        after = try parameters.string("NextToken").flatMap { $0.isEmpty ? nil : $0 }.map(Self.open)
    }

    /// The token of the page that goes on behind `position`.
    func token(after position: String?) -> String? {
        guard isPaged, let position else { return nil }
        return String(decoding: Base64.encode(Array("after:\(position)".utf8)), as: UTF8.self)
    }

    private static func open(_ token: String) throws -> String {
        guard let bytes = Base64.decode(Array(token.utf8)), bytes.starts(with: "after:".utf8) else {
            throw QueueError.invalidParameter("Invalid or expired next token.")
        }
        return String(decoding: bytes.dropFirst(6), as: UTF8.self)
    }
}
