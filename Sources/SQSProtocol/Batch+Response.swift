import QueueModel

/// The answer to a batch: for each entry, in the order of the request, its result or its error.
struct BatchResponse<Success: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: String
        let result: Result<Success, any Error>

        var hasSucceeded: Bool {
            if case .success = result { true } else { false }
        }
    }

    let entries: [Entry]

    /// Writes the lists of what succeeded, each member written by `writeMembers`, and of what failed.
    func write<Writer: ResultWriter>(to result: inout Writer, _ writeMembers: (inout Writer, Success) -> Void) {
        let succeeded = entries.indices.filter { entries[$0].hasSucceeded }
        result.list("Successful", succeeded) { writer, index in
            guard case .success(let value) = entries[index].result else { return }
            writer.string("Id", entries[index].id)
            writeMembers(&writer, value)
        }
        guard succeeded.count < entries.count else { return }
        result.list("Failed", entries.filter { !$0.hasSucceeded }) { writer, entry in
            guard case .failure(let failure) = entry.result else { return }
            let error = WireError.ofBatchEntry(failure)
            writer.string("Id", entry.id)
            writer.boolean("SenderFault", error.senderFault)
            writer.string("Code", error.kind.queryCode)
            writer.string("Message", error.message)
        }
    }

    /// Puts the results of the entries that reached the store back between those that failed before.
    static func merge<Kept, Stored>(
        _ prepared: [(id: String, entry: Result<Kept, any Error>)], with stored: [Result<Stored, QueueError>],
        _ combine: (Kept, Stored) -> Success
    ) -> BatchResponse {
        var next = 0
        return BatchResponse(
            entries: prepared.map { id, entry in
                switch entry {
                case .failure(let error): return Entry(id: id, result: .failure(error))
                case .success(let kept):
                    defer { next += 1 }
                    switch stored[next] {
                    case .success(let value): return Entry(id: id, result: .success(combine(kept, value)))
                    case .failure(let error): return Entry(id: id, result: .failure(error))
                    }
                }
            })
    }
}
