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
        _ completion: @escaping Completion<[(key: String, value: String)]>
    ) {
        backend.engine.read(request, then: completion)
    }

    func write(
        _ tags: [(key: String, value: String)], _ context: RequestContext, to result: inout some ResultWriter
    ) {
        result.stringMap("Tags", tags)
    }
}
