import HTTPServer
import QueueModel
import Testing

@testable import SQSProtocol

struct WireErrorTests {
    private func body(_ error: WireError, in wireProtocol: WireProtocol) -> String {
        String(decoding: error.response(in: wireProtocol, requestID: "…").body, as: UTF8.self)
    }

    @Test func `an error in JSON`() {
        let response = WireError.queueDoesNotExist.response(in: .json, requestID: "…")
        #expect(response.status == 400)
        #expect(
            response.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/x-amz-json-1.0",
                "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
            ])
        let expected = """
            {"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}
            """
        #expect(body(.queueDoesNotExist, in: .json) == expected)
    }

    @Test func `an error in XML`() {
        let response = WireError.missingParameter("MessageBody").response(in: .query, requestID: "…")
        #expect(response.status == 400)
        #expect(response.headers.first?.value == "text/xml")
        let expected = """
            <?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>\
            <Type>Sender</Type><Code>MissingParameter</Code>\
            <Message>The request must contain the parameter MessageBody.</Message><Detail/></Error>\
            <RequestId>…</RequestId></ErrorResponse>
            """
        #expect(body(.missingParameter("MessageBody"), in: .query) == expected)
    }

    @Test func `a missing queue reads differently in the Query protocol`() {
        let expected = """
            <Code>AWS.SimpleQueueService.NonExistentQueue</Code>\
            <Message>The specified queue does not exist for this wsdl version.</Message>
            """
        #expect(body(.queueDoesNotExist, in: .query).contains(expected))
    }

    @Test func `messages are escaped`() {
        let error = WireError(.receiptHandleIsInvalid, "\"<\r")
        #expect(body(error, in: .json).hasSuffix(#""message":"\"<\r"}"#))
        #expect(body(error, in: .query).contains("<Message>&quot;&lt;&#xD;</Message>"))
    }

    struct Row: Sendable {
        let error: QueueError
        let shape: String
        let queryCode: String
        let status: Int

        /// Without a code of its own, an error has the same name in both protocols.
        init(_ error: QueueError, _ shape: String, _ queryCode: String? = nil, _ status: Int) {
            self.error = error
            self.shape = shape
            self.queryCode = queryCode ?? shape
            self.status = status
        }
    }

    private static let asqs = "AWS.SimpleQueueService."

    @Test(
        "the catalogue",
        arguments: [
            Row(.queueDoesNotExist, "QueueDoesNotExist", asqs + "NonExistentQueue", 400),
            Row(.queueNameExists(attribute: "a"), "QueueNameExists", "QueueAlreadyExists", 400),
            Row(.queueDeletedRecently, "QueueDeletedRecently", asqs + "QueueDeletedRecently", 400),
            Row(.purgeInProgress(queue: "q"), "PurgeQueueInProgress", asqs + "PurgeQueueInProgress", 403),
            Row(.invalidAttributeName(message: ""), "InvalidAttributeName", nil, 400),
            Row(.invalidAttributeValue(message: ""), "InvalidAttributeValue", nil, 400),
            Row(.resourceNotFound(message: ""), "ResourceNotFoundException", nil, 404),
            Row(.invalidParameter(""), "InvalidParameterValueException", "InvalidParameterValue", 400),
            Row(.missingParameter("P"), "MissingRequiredParameterException", "MissingParameter", 400),
            Row(.unsupportedOperation(message: ""), "UnsupportedOperation", asqs + "UnsupportedOperation", 400),
            Row(.overLimit(message: ""), "OverLimit", nil, 403),
            Row(.invalidMessageContents, "InvalidMessageContents", nil, 400),
            Row(.messageTooLong(limit: 1), "InvalidParameterValueException", "InvalidParameterValue", 400),
            Row(.emptyBatch(entryType: "E"), "EmptyBatchRequest", asqs + "EmptyBatchRequest", 400),
            Row(
                .tooManyBatchEntries(count: 11), "TooManyEntriesInBatchRequest",
                asqs + "TooManyEntriesInBatchRequest", 400),
            Row(
                .batchEntryIDsNotDistinct(id: "a"), "BatchEntryIdsNotDistinct", asqs + "BatchEntryIdsNotDistinct", 400),
            Row(.invalidBatchEntryID, "InvalidBatchEntryId", asqs + "InvalidBatchEntryId", 400),
            Row(.batchTooLong(bytes: 1), "BatchRequestTooLong", asqs + "BatchRequestTooLong", 400),
            Row(.receiptHandleInvalid(handle: "h"), "ReceiptHandleIsInvalid", nil, 404),
            Row(.receiptHandleOfAnotherQueue(handle: "h"), "ReceiptHandleIsInvalid", nil, 404),
            Row(.storageFull, "ServiceUnavailable", nil, 503), Row(.storageFailed, "InternalFailure", nil, 500),
            Row(.overloaded, "ServiceUnavailable", nil, 503), Row(.shuttingDown, "ServiceUnavailable", nil, 503),
        ])
    func catalogue(row: Row) {
        let kind = WireError(row.error).kind
        #expect(kind.shape == row.shape)
        #expect(kind.queryCode == row.queryCode)
        #expect(kind.status == row.status)
        #expect((kind.fault == .receiver) == (row.status >= 500))
    }

    @Test(
        "recorded texts",
        arguments: [
            (
                .queueNameExists(attribute: "DelaySeconds"),
                "A queue already exists with the same name and a different value for attribute DelaySeconds"
            ),
            (.purgeInProgress(queue: "q"), "Only one PurgeQueue operation on q is allowed every 60 seconds."),
            (
                .messageTooLong(limit: 1024),
                "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
            ),
            (.emptyBatch(entryType: "E"), "There should be at least one E in the request."),
            (.tooManyBatchEntries(count: 11), "Maximum number of entries per request are 10. You have sent 11."),
            (
                .batchTooLong(bytes: 1_048_577),
                "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
            ),
            (.receiptHandleInvalid(handle: "h"), "The input receipt handle \"h\" is not a valid receipt handle."),
            (.receiptHandleOfAnotherQueue(handle: "h"), "The receipt handle \"h\" is not valid for this queue."),
            (.batchEntryIDsNotDistinct(id: "a"), "Id a repeated."),
        ] as [(QueueError, String)])
    func texts(error: QueueError, message: String) {
        #expect(WireError(error).message == message)
    }

    @Test func `a message that is too long reads differently in a batch`() {
        #expect(
            WireError.ofBatchEntry(QueueError.messageTooLong(limit: 1024)).message
                == "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.")
        #expect(
            WireError.ofBatchEntry(QueueError.invalidMessageContents) == WireError(QueueError.invalidMessageContents))
    }

    @Test func `nothing internal is told to the client`() {
        struct Internal: Error {}
        #expect(WireError(Internal()) == .internalFailure)
        #expect(!WireError(Internal()).senderFault)
    }
}
