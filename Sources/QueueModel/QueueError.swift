/// The closed list of what can go wrong with a request. The protocol maps each case to its wire form in one place.
package enum QueueError: Error, Equatable, Sendable {
    // Queues.
    case queueDoesNotExist
    /// A queue of that name exists with another value for the attribute.
    case queueNameExists(attribute: String)
    case queueDeletedRecently
    case purgeInProgress(queue: String)
    case invalidAttributeName(message: String)
    case invalidAttributeValue(message: String)
    case resourceNotFound(message: String)

    // Requests.
    /// The full text of an `InvalidParameterValue` error.
    case invalidParameter(String)
    case missingParameter(String)
    case unsupportedOperation(message: String)
    case overLimit(message: String)

    // Messages.
    case invalidMessageContents
    case messageTooLong(limit: Int)

    // Batches.
    case emptyBatch(entryType: String)
    case tooManyBatchEntries(count: Int)
    case batchEntryIDsNotDistinct(id: String)
    case invalidBatchEntryID
    case batchTooLong(bytes: Int)

    // Receipt handles.
    case receiptHandleInvalid(handle: String)
    case receiptHandleOfAnotherQueue(handle: String)

    // The store.
    /// The disk has no room for the change; nothing of it was made.
    case storageFull
    /// The store could not make the change; whether it can be read is in the log.
    case storageFailed
    /// More requests wait than the daemon takes on.
    case overloaded
    case shuttingDown

    /// `Value {value} for parameter {name} is invalid. Reason: {reason}`
    package static func invalidValue(_ value: some CustomStringConvertible, of name: String, reason: String)
        -> QueueError
    {
        .invalidParameter("Value \(value) for parameter \(name) is invalid. Reason: \(reason)")
    }

    package static func unknownAttribute(_ name: String) -> QueueError {
        .invalidAttributeName(message: "Unknown Attribute \(name).")
    }

    package static func badAttributeValue(_ name: String, reason: String? = nil) -> QueueError {
        .invalidAttributeValue(
            message: "Invalid value for the parameter \(name)." + (reason.map { " Reason: \($0)" } ?? ""))
    }

    /// A FIFO message whose visibility timeout is over cannot be deleted with the old handle.
    package static func receiptHandleExpired(_ handle: String) -> QueueError {
        .invalidValue(handle, of: "ReceiptHandle", reason: "The receipt handle has expired.")
    }

    /// The message is deleted, expired, purged or moved.
    package static func messageNotAvailable(_ handle: String) -> QueueError {
        .invalidValue(
            handle, of: "ReceiptHandle",
            reason: "Message does not exist or is not available for visibility timeout change.")
    }
}
