/// One action of the API: how its request is read, what it does, how its result is written.
package protocol Action: Sendable {
    associatedtype Request: Sendable
    associatedtype Response: Sendable

    static var name: ActionName { get }

    /// Reads and checks what can be checked without the store. Throws ``WireError`` or ``QueueError``.
    func request(_ parameters: RequestParameters, _ context: RequestContext) throws -> Request

    /// Does it. `completion` may come on any thread, once.
    func perform(
        _ request: Request, _ context: RequestContext,
        _ completion: @escaping @Sendable (Result<Response, any Error>) -> Void)

    /// Writes the members of the result, in the order they have in XML.
    func write(_ response: Response, _ context: RequestContext, to result: inout some ResultWriter)
}

extension Action where Response == Void {
    /// Most actions that change something have no result.
    package func write(_ response: Void, _ context: RequestContext, to result: inout some ResultWriter) {}
}
