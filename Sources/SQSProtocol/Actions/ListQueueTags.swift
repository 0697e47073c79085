import QueueStore

/// Lists the tags of a queue.
struct ListQueueTagsAction: Action {
    static let name = ActionName.listQueueTags
    let backend: Backend

    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> ListQueueTags {
        ListQueueTags(name: try context.queueName(parameters))
    }

    func perform(
        _ request: ListQueueTags, _ context: RequestContext,
        _ completion: @escaping @Sendable (Result<[(key: String, value: String)], any Error>) -> Void
    ) {
        backend.engine.read(request) { completion($0.mapError { $0 }) }
    }

    func write(
        _ tags: [(key: String, value: String)], _ context: RequestContext, to result: inout some ResultWriter
    ) {
        result.stringMap("Tags", tags)
    }
}
