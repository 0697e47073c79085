import QueueModel

/// The answer to a batch: for each entry, in the order of the request, its result or its error.
struct BatchResponse<Success: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: String
        let result: Result<Success, any Error>
    }

    let entries: [Entry]

    /// Writes the lists of what succeeded, each member written by `writeMembers`, and of what failed.
    func write<Writer: ResultWriter>(to result: inout Writer, _ writeMembers: (inout Writer, Success) -> Void) {
        var succeeded: [(id: String, value: Success)] = []
        var failed: [(id: String, error: WireError)] = []
        for entry in entries {
            switch entry.result {
            case .success(let value): succeeded.append((entry.id, value))
            case .failure(let error): failed.append((entry.id, .ofBatchEntry(error)))
            }
        }
        result.list("Successful", succeeded) { writer, entry in
            writer.string("Id", entry.id)
            writeMembers(&writer, entry.value)
        }
        result.list("Failed", failed) { writer, entry in
            writer.string("Id", entry.id)
            writer.boolean("SenderFault", entry.error.senderFault)
            writer.string("Code", entry.error.kind.queryCode)
            writer.string("Message", entry.error.message)
        }
    }

    /// Puts the results of the entries that reached the store back between those that failed before.
    static func merge<Prepared, Stored>(
        _ prepared: [(id: String, entry: Result<Prepared, any Error>)], with stored: [Result<Stored, QueueError>],
        _ combine: (Prepared, Stored) -> Success
    ) -> BatchResponse {
        var results = stored[...]
        return BatchResponse(
            entries: prepared.map { id, entry in
                switch entry {
                case .failure(let error): return Entry(id: id, result: .failure(error))
                case .success(let value):
                    let result = results.removeFirst()
                    return Entry(id: id, result: result.map { combine(value, $0) }.mapError { $0 as any Error })
                }
            })
    }
}
