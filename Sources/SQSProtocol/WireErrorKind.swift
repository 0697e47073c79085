/// One row of the error catalogue (SQS reference, 1.6): the same error under its JSON and its Query name.
package struct WireErrorKind: Sendable, Equatable {
    package enum Namespace: String, Sendable {
        /// Errors of the SQS model.
        case sqs = "com.amazonaws.sqs#"
        /// Errors of the framework around it: validation, authentication, serialisation.
        case coral = "com.amazon.coral.service#"
    }

    /// Whose fault it is. Clients try again when it is the receiver's.
    package enum Fault: String, Sendable {
        case sender = "Sender"
        case receiver = "Receiver"
    }

    package let namespace: Namespace
    /// The name in JSON, from which clients choose an exception class.
    package let shape: String
    /// The name in XML and in the header x-amzn-query-error.
    package let queryCode: String
    package let status: Int
    package let fault: Fault

    private init(
        _ namespace: Namespace, _ shape: String, _ status: Int, query: String? = nil, fault: Fault = .sender
    ) {
        self.namespace = namespace
        self.shape = shape
        self.queryCode = query ?? shape
        self.status = status
        self.fault = fault
    }

    private static let prefix = "AWS.SimpleQueueService."

    // Errors that Holdfast has no occasion for (KMS, signatures, throttling, InvalidIdFormat) are not listed.

    package static let queueDoesNotExist = Self(.sqs, "QueueDoesNotExist", 400, query: prefix + "NonExistentQueue")
    package static let queueNameExists = Self(.sqs, "QueueNameExists", 400, query: "QueueAlreadyExists")
    package static let queueDeletedRecently = Self(
        .sqs, "QueueDeletedRecently", 400, query: prefix + "QueueDeletedRecently")
    package static let purgeQueueInProgress = Self(
        .sqs, "PurgeQueueInProgress", 403, query: prefix + "PurgeQueueInProgress")
    package static let receiptHandleIsInvalid = Self(.sqs, "ReceiptHandleIsInvalid", 404)
    package static let invalidAttributeName = Self(.sqs, "InvalidAttributeName", 400)
    package static let invalidAttributeValue = Self(.sqs, "InvalidAttributeValue", 400)
    package static let invalidMessageContents = Self(.sqs, "InvalidMessageContents", 400)
    package static let emptyBatchRequest = Self(.sqs, "EmptyBatchRequest", 400, query: prefix + "EmptyBatchRequest")
    package static let tooManyEntriesInBatchRequest = Self(
        .sqs, "TooManyEntriesInBatchRequest", 400, query: prefix + "TooManyEntriesInBatchRequest")
    package static let batchEntryIDsNotDistinct = Self(
        .sqs, "BatchEntryIdsNotDistinct", 400, query: prefix + "BatchEntryIdsNotDistinct")
    package static let invalidBatchEntryID = Self(
        .sqs, "InvalidBatchEntryId", 400, query: prefix + "InvalidBatchEntryId")
    package static let batchRequestTooLong = Self(
        .sqs, "BatchRequestTooLong", 400, query: prefix + "BatchRequestTooLong")
    package static let unsupportedOperation = Self(
        .sqs, "UnsupportedOperation", 400, query: prefix + "UnsupportedOperation")
    package static let overLimit = Self(.sqs, "OverLimit", 403)
    package static let resourceNotFound = Self(.sqs, "ResourceNotFoundException", 404)
    package static let invalidAddress = Self(.sqs, "InvalidAddress", 404)

    package static let invalidParameterValue = Self(
        .coral, "InvalidParameterValueException", 400, query: "InvalidParameterValue")
    package static let missingParameter = Self(
        .coral, "MissingRequiredParameterException", 400, query: "MissingParameter")
    package static let serialization = Self(.coral, "SerializationException", 400, query: "MalformedInput")
    package static let unknownOperation = Self(.coral, "UnknownOperationException", 400, query: "InvalidAction")
    package static let malformedQueryString = Self(.coral, "MalformedQueryString", 404)
    package static let internalFailure = Self(.coral, "InternalFailure", 500, fault: .receiver)
    package static let serviceUnavailable = Self(.coral, "ServiceUnavailable", 503, fault: .receiver)
}
