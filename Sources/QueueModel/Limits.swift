/// The numbers SQS bounds its requests with, in the units of the API.
package enum Limits {
    /// Bytes of one message: body and user attributes.
    package static let messageBytesMax = 1_048_576
    /// Bytes of all messages of one batch, whatever the queue's own maximum.
    package static let batchBytesMax = 1_048_576
    package static let batchEntriesMax = 10
    package static let batchEntryIDLengthMax = 80
    package static let messageAttributesMax = 10
    /// Not documented: far more than X-Ray's tracing headers need, and little beside a message.
    package static let traceHeaderBytesMax = 8_192
    package static let receivedMessages = 1...10
    package static let receiveWaitSeconds = 0...20
    package static let visibilityTimeoutSeconds = 0...43_200
    package static let delaySeconds = 0...900
    package static let retentionSeconds = 60...1_209_600
    package static let maximumMessageSizeBytes = 1_024...1_048_576
    package static let keyReuseSeconds = 60...86_400
    package static let receiveCountMax = 1...1_000
    package static let listPage = 1...1_000
    package static let tagsPerQueueMax = 50
    package static let tagKeyLength = 1...128
    package static let tagValueLengthMax = 256
    package static let movesPerSecond = 1...500
    package static let listedMoveTasks = 1...10
    package static let redriveSourceARNs = 1...10
    /// Not documented: far more than ten ARNs need.
    package static let redriveAllowPolicyBytesMax = 8_192
    /// AWS Key Management Service API Reference, `KeyId`.
    package static let kmsMasterKeyIDBytesMax = 2_048
    package static let policyBytesMax = 8_192
    package static let policyStatementsMax = 20
    package static let policyPrincipalsMax = 50
    package static let actionsPerPermissionMax = 7
    package static let permissionLabelLength = 1...80
    /// Length of message group, deduplication and receive attempt ids.
    package static let identifierLength = 1...128
    /// Messages of one queue that may be received and not yet deleted.
    package static let inFlightMax = 120_000
    /// How long a deduplication id or a receive attempt is remembered.
    package static let deduplicationSeconds = 300
    /// How long a deleted queue's name stays blocked, and a second purge is refused.
    package static let repeatSeconds = 60
}
