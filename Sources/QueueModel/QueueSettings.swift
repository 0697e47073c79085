/// What the writable attributes of a queue say, in the units of the API (seconds, bytes).
package struct QueueSettings: Sendable, Equatable {
    package enum DeduplicationScope: String, Sendable {
        case queue
        case messageGroup
    }

    package enum FIFOThroughputLimit: String, Sendable {
        case perQueue
        case perMessageGroupID = "perMessageGroupId"
    }

    package var isFIFO = false
    package var delaySeconds = 0
    package var maximumMessageSize = Limits.messageBytesMax
    package var retentionSeconds = 345_600
    package var receiveWaitSeconds = 0
    package var visibilityTimeoutSeconds = 30
    package var redrivePolicy: RedrivePolicy?
    package var redriveAllowPolicy: RedriveAllowPolicy?
    package var policy: String?
    package var isSQSManagedSSEEnabled = true
    package var kmsMasterKeyID: String?
    package var kmsDataKeyReuseSeconds = 300
    package var contentBasedDeduplication = false
    package var deduplicationScope = DeduplicationScope.queue
    package var fifoThroughputLimit = FIFOThroughputLimit.perQueue

    package init() {}
}
