import QueueStore

/// Deletes a message by its receipt handle.
struct DeleteMessageAction: Action {
    static let name = ActionName.deleteMessage
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> DeleteMessages {
        DeleteMessages(
            from: try context.queueName(parameters),
            [backend.open(try parameters.requiredBytes("ReceiptHandle"))])
    }

    func perform(_ request: DeleteMessages, _ context: RequestContext, _ completion: @escaping Completion<Void>) {
        backend.engine.write(request) { completion($0.flatMap { $0[0] }) }
    }
}
