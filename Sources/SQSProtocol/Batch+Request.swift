import QueueModel

/// A batch request, read entry by entry: what goes to the store, and what the answer is made of.
struct BatchRequest<Value: Sendable, Kept: Sendable>: Sendable {
    let queue: QueueName
    /// Of the entries that are well-formed.
    private(set) var values: [Value] = []
    /// All entries in the order of the request, with what is kept of each until the answer, or why it failed.
    private(set) var entries: [(id: String, entry: Result<Kept, any Error>)] = []

    /// - Parameter read: reads one entry; what it throws fails this entry alone, but for a member of the wrong type, with
    ///   which the request is none.
    init(
        _ queue: QueueName, _ entries: [(id: String, parameters: RequestParameters)],
        _ read: (RequestParameters) throws -> (value: Value, kept: Kept)
    ) throws(WireError) {
        self.queue = queue
        values.reserveCapacity(entries.count)
        self.entries.reserveCapacity(entries.count)
        for (id, parameters) in entries {
            do {
                let (value, kept) = try read(parameters)
                values.append(value)
                self.entries.append((id, .success(kept)))
            } catch let error as WireError where error.kind == .serialization {
                throw error
            } catch {
                self.entries.append((id, .failure(error)))
            }
        }
    }
}
