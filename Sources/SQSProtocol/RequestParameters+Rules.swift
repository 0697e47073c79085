import QueueModel

/// Readings that several actions share.
extension RequestParameters {
    /// A map from strings to strings; of repeated keys the last counts.
    func dictionary(_ name: String) throws(WireError) -> [String: String] {
        Dictionary(try stringMap(name).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// A whole number within a range, else `Value {v} for parameter {name} is invalid. Reason: {reason}`.
    func integer(_ name: String, in range: ClosedRange<Int>, _ reason: String) throws -> Int? {
        guard let value = try integer(name) else { return nil }
        guard range.contains(value) else { throw QueueError.invalidValue(value, of: name, reason: reason) }
        return value
    }

    /// The entries of a batch with their ids, checked as a whole: number, form and difference of the ids.
    func batchEntries(_ entryType: String) throws -> [(id: String, parameters: RequestParameters)] {
        guard let entries = try structureList("Entries", entryName: entryType) else {
            throw QueueError.missingParameter("Entries")
        }
        let ids = try entries.map { try $0.string("Id") ?? "" }
        try Batch.validate(ids: ids, entryType: entryType)
        return zip(ids, entries).map { (id: $0, parameters: $1) }
    }
}
