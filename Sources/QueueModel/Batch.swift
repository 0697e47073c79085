/// The rules every batch request is held against as a whole, before any of its entries is looked at.
package enum Batch {
    /// Checks, in the order of SQS: not empty, not too many, well-formed ids, distinct ids.
    package static func validate(ids: [String], entryType: String) throws(QueueError) {
        guard !ids.isEmpty else { throw .emptyBatch(entryType: entryType) }
        guard ids.count <= Limits.batchEntriesMax else { throw .tooManyBatchEntries(count: ids.count) }
        guard ids.allSatisfy(isWellFormed) else { throw .invalidBatchEntryID }
        // Comparing each with each is faster than hashing for as few as these.
        for (index, id) in ids.enumerated() where ids[..<index].contains(id) { throw .batchEntryIDsNotDistinct(id: id) }
    }

    private static func isWellFormed(_ id: String) -> Bool {
        (1...Limits.batchEntryIDLengthMax).contains(id.utf8.count) && id.utf8.allSatisfy(\.isQueueNameCharacter)
    }
}
