/// The attributes of a queue by the names of the API.
package enum QueueAttribute: String, Sendable, CaseIterable {
    case approximateNumberOfMessages = "ApproximateNumberOfMessages"
    case approximateNumberOfMessagesDelayed = "ApproximateNumberOfMessagesDelayed"
    case approximateNumberOfMessagesNotVisible = "ApproximateNumberOfMessagesNotVisible"
    case createdTimestamp = "CreatedTimestamp"
    case lastModifiedTimestamp = "LastModifiedTimestamp"
    case queueARN = "QueueArn"
    case delaySeconds = "DelaySeconds"
    case maximumMessageSize = "MaximumMessageSize"
    case messageRetentionPeriod = "MessageRetentionPeriod"
    case receiveMessageWaitTimeSeconds = "ReceiveMessageWaitTimeSeconds"
    case visibilityTimeout = "VisibilityTimeout"
    case sqsManagedSSEEnabled = "SqsManagedSseEnabled"
    case kmsMasterKeyID = "KmsMasterKeyId"
    case kmsDataKeyReusePeriodSeconds = "KmsDataKeyReusePeriodSeconds"
    case policy = "Policy"
    case redrivePolicy = "RedrivePolicy"
    case redriveAllowPolicy = "RedriveAllowPolicy"
    case fifoQueue = "FifoQueue"
    case contentBasedDeduplication = "ContentBasedDeduplication"
    case deduplicationScope = "DeduplicationScope"
    case fifoThroughputLimit = "FifoThroughputLimit"

    package init(named name: String) throws(QueueError) {
        guard let attribute = QueueAttribute(rawValue: name) else { throw .unknownAttribute(name) }
        self = attribute
    }

    /// The attributes that GetQueueAttributes was asked for, each once and `All` spelled out.
    package static func requested(_ names: [String]) throws(QueueError) -> [QueueAttribute] {
        if names.contains("All") { return allCases }
        var attributes: [QueueAttribute] = []
        for name in names {
            let attribute = try QueueAttribute(named: name)
            if !attributes.contains(attribute) { attributes.append(attribute) }
        }
        return attributes
    }
}

/// A queue as GetQueueAttributes describes it.
package struct QueueDescription: Sendable, Equatable {
    package let name: QueueName
    package let settings: QueueSettings
    package let createdAt: Timestamp
    package let modifiedAt: Timestamp
    package let counts: MessageCounts

    package init(
        name: QueueName, settings: QueueSettings, createdAt: Timestamp, modifiedAt: Timestamp, counts: MessageCounts
    ) {
        self.name = name
        self.settings = settings
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.counts = counts
    }

    /// The text of an attribute; nil if this queue has none of that name.
    package func value(of attribute: QueueAttribute) -> String? {
        switch attribute {
        case .approximateNumberOfMessages: String(counts.visible)
        case .approximateNumberOfMessagesDelayed: String(counts.delayed)
        case .approximateNumberOfMessagesNotVisible: String(counts.inFlight)
        case .createdTimestamp: String(createdAt.seconds)
        case .lastModifiedTimestamp: String(modifiedAt.seconds)
        case .queueARN: name.arn
        default: settings.value(of: attribute)
        }
    }
}

/// How many messages a queue holds. The three are disjoint, and their sum is all.
package struct MessageCounts: Sendable, Equatable {
    /// Neither delayed nor in flight; of a FIFO queue also those that wait behind others of their group.
    package var visible = 0
    /// Received, not deleted, visibility timeout running.
    package var inFlight = 0
    /// Not yet visible for the first time.
    package var delayed = 0

    package init(visible: Int = 0, inFlight: Int = 0, delayed: Int = 0) {
        self.visible = visible
        self.inFlight = inFlight
        self.delayed = delayed
    }
}

extension QueueSettings {
    /// The text of a writable attribute; nil where it does not apply or is not set.
    package func value(of attribute: QueueAttribute) -> String? {
        switch attribute {
        case .delaySeconds: String(delaySeconds)
        case .maximumMessageSize: String(maximumMessageSize)
        case .messageRetentionPeriod: String(retentionSeconds)
        case .receiveMessageWaitTimeSeconds: String(receiveWaitSeconds)
        case .visibilityTimeout: String(visibilityTimeoutSeconds)
        case .sqsManagedSSEEnabled: String(isSQSManagedSSEEnabled)
        case .kmsMasterKeyID: kmsMasterKeyID
        case .kmsDataKeyReusePeriodSeconds: kmsMasterKeyID == nil ? nil : String(kmsDataKeyReuseSeconds)
        case .policy: policy
        case .redrivePolicy: redrivePolicy?.json
        case .redriveAllowPolicy: redriveAllowPolicy?.json
        case .fifoQueue: isFIFO ? "true" : nil
        case .contentBasedDeduplication: isFIFO ? String(contentBasedDeduplication) : nil
        case .deduplicationScope: isFIFO ? deduplicationScope.rawValue : nil
        case .fifoThroughputLimit: isFIFO ? fifoThroughputLimit.rawValue : nil
        case .approximateNumberOfMessages, .approximateNumberOfMessagesDelayed,
            .approximateNumberOfMessagesNotVisible, .createdTimestamp, .lastModifiedTimestamp, .queueARN:
            nil
        }
    }
}
