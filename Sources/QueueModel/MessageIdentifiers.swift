/// Rules on message group ids, deduplication ids and receive attempt ids.
package enum MessageIdentifiers {
    /// 1 to 128 letters, digits and punctuation marks of ASCII, else the error that names the parameter.
    package static func validate(_ id: String, of parameter: String) throws(QueueError) {
        guard Limits.identifierLength.contains(id.utf8.count), id.utf8.allSatisfy(\.isIdentifierCharacter) else {
            throw .invalidValue(
                id, of: parameter,
                reason: "\(parameter) can only include alphanumeric and punctuation characters. 1 to 128 in length.")
        }
    }

    /// The refusal of a parameter that does not go with the type of the queue.
    package static func notForThisQueueType(_ value: some CustomStringConvertible, of parameter: String) -> QueueError {
        .invalidValue(
            value, of: parameter, reason: "The request include parameter that is not valid for this queue type.")
    }
}
