import QueueModel

extension WireError {
    /// What a client is told about a failure. Of one that is no business of the client's it learns nothing.
    package init(_ error: any Error) {
        switch error {
        case let error as WireError: self = error
        case let error as QueueError: self.init(error)
        default: self = .internalFailure
        }
    }

    /// The one place where errors of the domain get their form on the wire (SQS reference, 1.6).
    package init(_ error: QueueError) {
        switch error {
        case .queueDoesNotExist:
            self = .queueDoesNotExist
        case .queueNameExists(let attribute):
            self.init(
                .queueNameExists,
                "A queue already exists with the same name and a different value for attribute \(attribute)")
        case .queueDeletedRecently:
            self.init(
                .queueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
        case .purgeInProgress(let queue):
            self.init(
                .purgeQueueInProgress, "Only one PurgeQueue operation on \(queue) is allowed every 60 seconds.")
        case .invalidAttributeName(let message):
            self.init(.invalidAttributeName, message)
        case .invalidAttributeValue(let message):
            self.init(.invalidAttributeValue, message)
        case .resourceNotFound(let message):
            self.init(.resourceNotFound, message)
        case .invalidParameter(let message):
            self.init(.invalidParameterValue, message)
        case .missingParameter(let name):
            self = .missingParameter(name)
        case .unsupportedOperation(let message):
            self.init(.unsupportedOperation, message)
        case .overLimit(let message):
            self.init(.overLimit, message)
        case .invalidMessageContents:
            self.init(
                .invalidMessageContents,
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
                    + "#xE000 to #xFFFD | #x10000 to #x10FFFF")
        case .messageTooLong(let limit):
            self.init(
                .invalidParameterValue,
                "One or more parameters are invalid. Reason: Message must be shorter than \(limit) bytes.")
        case .emptyBatch(let entryType):
            self.init(.emptyBatchRequest, "There should be at least one \(entryType) in the request.")
        case .tooManyBatchEntries(let count):
            self.init(
                .tooManyEntriesInBatchRequest,
                "Maximum number of entries per request are 10. You have sent \(count).")
        case .batchEntryIDsNotDistinct(let id):
            self.init(.batchEntryIDsNotDistinct, "Id \(id) repeated.")
        case .invalidBatchEntryID:
            self.init(
                .invalidBatchEntryID,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                    + "It can be at most 80 letters long.")
        case .batchTooLong(let bytes):
            self.init(
                .batchRequestTooLong,
                "Batch requests cannot be longer than 1048576 bytes. You have sent \(bytes) bytes.")
        case .receiptHandleInvalid(let handle):
            self.init(
                .receiptHandleIsInvalid, "The input receipt handle \"\(handle)\" is not a valid receipt handle.")
        case .receiptHandleOfAnotherQueue(let handle):
            self.init(
                .receiptHandleIsInvalid, "The receipt handle \"\(handle)\" is not valid for this queue.")
        case .storageFull:
            self.init(.serviceUnavailable, "The server has no room to store this.")
        case .storageFailed:
            self = .internalFailure
        case .overloaded:
            self.init(.serviceUnavailable, "The server has more requests to work on than it can take.")
        case .shuttingDown:
            self.init(.serviceUnavailable, "The server is shutting down.")
        }
    }

    /// The error as a batch reports it for one entry: one text differs from that of the whole call.
    package static func ofBatchEntry(_ error: any Error) -> WireError {
        guard case QueueError.messageTooLong(let limit) = error else { return WireError(error) }
        return WireError(
            .invalidParameterValue,
            "One or more parameters cannot be validated. Reason: Message must be shorter than \(limit) bytes.")
    }
}
