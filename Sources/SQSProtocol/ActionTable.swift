import HTTPServer
import Platform
import QueueModel

/// Every action by its name.
package struct ActionTable: Sendable {
    typealias Handler = @Sendable (RequestParameters, RequestContext) -> Void

    private var names: [ActionName] = []
    private var handlers: [Handler] = []

    private let logger: Logger

    package init(logger: Logger) {
        self.logger = logger
    }

    package mutating func add<A: Action>(_ action: A) {
        let runner = ActionRunner(action: action, logger: logger)
        names.append(A.name)
        handlers.append { parameters, context in runner.run(parameters, context) }
    }

    /// The names are few: comparing them all takes less than hashing the text of one.
    subscript(name: ActionName) -> Handler? { names.firstIndex(of: name).map { handlers[$0] } }
}

/// Runs one action. A class, made once for each action, so that the closures of a request hold one reference.
private final class ActionRunner<A: Action>: Sendable {
    private let action: A
    private let logger: Logger

    init(action: A, logger: Logger) {
        self.action = action
        self.logger = logger
    }

    func run(_ parameters: RequestParameters, _ context: RequestContext) {
        do {
            let request = try action.request(parameters, context)
            action.perform(request, context) { result in
                context.exchange.respond { self.response(result, context) }
            }
        } catch {
            if !(error is WireError || error is QueueError) {
                logger.error("\(A.name.rawValue) failed: \(error)", ["request": context.requestID])
            }
            let refusal = WireError(error)
            logger.debug(A.name.rawValue, ["request": context.requestID, "status": String(refusal.kind.status)])
            context.exchange.respond { refusal.response(in: context.wireProtocol, requestID: context.requestID) }
        }
    }

    private func response(_ result: Result<A.Response, QueueError>, _ context: RequestContext) -> HTTPResponse {
        let response =
            switch result {
            case .success(let value):
                HTTPResponse(status: 200, headers: context.wireProtocol.headers, body: body(value, context))
            case .failure(let error):
                WireError(error).response(in: context.wireProtocol, requestID: context.requestID)
            }
        logger.debug(A.name.rawValue, ["request": context.requestID, "status": String(response.status)])
        return response
    }

    private func body(_ value: A.Response, _ context: RequestContext) -> [UInt8] {
        switch context.wireProtocol {
        case .json:
            guard A.name.hasOutput else { return [] }
            var result = JSONResultWriter()
            action.write(value, context, to: &result)
            return result.finish()
        case .query:
            var result = XMLResultWriter(A.name)
            action.write(value, context, to: &result)
            return result.finish(requestID: context.requestID)
        }
    }
}

extension ActionTable {
    /// All actions of SQS.
    package static func all(_ backend: Backend, logger: Logger) -> ActionTable {
        var table = ActionTable(logger: logger)
        table.add(AddPermissionAction(backend: backend))
        table.add(CancelMessageMoveTaskAction(backend: backend))
        table.add(ChangeMessageVisibilityAction(backend: backend))
        table.add(ChangeMessageVisibilityBatchAction(backend: backend))
        table.add(CreateQueueAction(backend: backend))
        table.add(DeleteMessageAction(backend: backend))
        table.add(DeleteMessageBatchAction(backend: backend))
        table.add(DeleteQueueAction(backend: backend))
        table.add(GetQueueAttributesAction(backend: backend))
        table.add(GetQueueURLAction(backend: backend))
        table.add(ListDeadLetterSourceQueuesAction(backend: backend))
        table.add(ListMessageMoveTasksAction(backend: backend))
        table.add(ListQueueTagsAction(backend: backend))
        table.add(ListQueuesAction(backend: backend))
        table.add(PurgeQueueAction(backend: backend))
        table.add(ReceiveMessageAction(backend: backend, logger: logger))
        table.add(RemovePermissionAction(backend: backend))
        table.add(SendMessageAction(backend: backend))
        table.add(SendMessageBatchAction(backend: backend))
        table.add(SetQueueAttributesAction(backend: backend))
        table.add(StartMessageMoveTaskAction(backend: backend))
        table.add(TagQueueAction(backend: backend))
        table.add(UntagQueueAction(backend: backend))
        return table
    }
}
