/// Attribute values of a CreateQueue or SetQueueAttributes request, checked and applied to settings.
package struct QueueAttributeChanges: Sendable {
    /// Names and values as the client gave them, in the order of the names, so that errors do not depend on chance.
    private let given: [(attribute: QueueAttribute, value: String)]

    package init(_ attributes: [String: String]) throws(QueueError) {
        var given: [(QueueAttribute, String)] = []
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            given.append((try QueueAttribute(named: name), value))
        }
        self.given = given
    }

    package var isEmpty: Bool { given.isEmpty }
    package var attributes: [QueueAttribute] { given.map(\.attribute) }
    package func sets(_ attribute: QueueAttribute) -> Bool { given.contains { $0.attribute == attribute } }

    /// Whether a new queue with these attributes is a FIFO queue.
    package func createsFIFO() throws(QueueError) -> Bool {
        guard let value = text(of: .fifoQueue) else { return false }
        return try Self.boolean(value, of: .fifoQueue)
    }

    /// The settings of a new queue.
    package func settingsOfNewQueue(_ name: QueueName) throws(QueueError) -> QueueSettings {
        var settings = QueueSettings()
        settings.isFIFO = try createsFIFO()
        // On a standard queue the attribute may not be given at all, not even as "false".
        if !settings.isFIFO, sets(.fifoQueue) { throw .unknownAttribute(QueueAttribute.fifoQueue.rawValue) }
        try apply(to: &settings, of: name)
        return settings
    }

    /// Applies all of the changes, or throws and leaves `settings` in an undefined state.
    package func apply(to settings: inout QueueSettings, of name: QueueName) throws(QueueError) {
        for (attribute, value) in given { try Self.apply(attribute, value, to: &settings, of: name) }
        try applyEncryption(to: &settings)
        guard settings.fifoThroughputLimit == .perQueue || settings.deduplicationScope == .messageGroup else {
            throw .invalidAttributeValue(
                message: "The perMessageGroupId value is allowed only when the value for DeduplicationScope is "
                    + "messageGroup")
        }
    }

    /// The value of an attribute as the client gave it.
    package func text(of attribute: QueueAttribute) -> String? { given.first { $0.attribute == attribute }?.value }

    private static func apply(
        _ attribute: QueueAttribute, _ value: String, to settings: inout QueueSettings, of name: QueueName
    ) throws(QueueError) {
        switch attribute {
        case .delaySeconds:
            settings.delaySeconds = try integer(value, of: attribute, in: Limits.delaySeconds)
        case .maximumMessageSize:
            settings.maximumMessageSize = try integer(value, of: attribute, in: Limits.maximumMessageSizeBytes)
        case .messageRetentionPeriod:
            settings.retentionSeconds = try integer(value, of: attribute, in: Limits.retentionSeconds)
        case .receiveMessageWaitTimeSeconds:
            settings.receiveWaitSeconds = try integer(value, of: attribute, in: Limits.receiveWaitSeconds)
        case .visibilityTimeout:
            settings.visibilityTimeoutSeconds = try integer(value, of: attribute, in: Limits.visibilityTimeoutSeconds)
        case .policy:
            settings.policy = value.isEmpty ? nil : try Policy.normalized(value)
        case .redrivePolicy:
            settings.redrivePolicy = value.isEmpty ? nil : try RedrivePolicy(json: value, source: name)
        case .redriveAllowPolicy:
            guard value.utf8.count <= Limits.redriveAllowPolicyBytesMax else {
                throw .badAttributeValue(attribute.rawValue)
            }
            settings.redriveAllowPolicy = value.isEmpty ? nil : try RedriveAllowPolicy(json: value)
        case .fifoQueue:
            try checkType(value, against: settings)
        case .contentBasedDeduplication:
            guard settings.isFIFO else { throw .unknownAttribute(attribute.rawValue) }
            settings.contentBasedDeduplication = try boolean(value, of: attribute)
        case .deduplicationScope:
            try requireFIFO(settings, for: attribute)
            guard let scope = QueueSettings.DeduplicationScope(rawValue: value) else {
                throw .badAttributeValue(attribute.rawValue)
            }
            settings.deduplicationScope = scope
        case .fifoThroughputLimit:
            try requireFIFO(settings, for: attribute)
            guard let limit = QueueSettings.FIFOThroughputLimit(rawValue: value) else {
                throw .badAttributeValue(attribute.rawValue)
            }
            settings.fifoThroughputLimit = limit
        case .sqsManagedSSEEnabled, .kmsMasterKeyID, .kmsDataKeyReusePeriodSeconds:
            break  // They depend on each other: see applyEncryption.
        case .approximateNumberOfMessages, .approximateNumberOfMessagesDelayed,
            .approximateNumberOfMessagesNotVisible, .createdTimestamp, .lastModifiedTimestamp, .queueARN:
            throw .unknownAttribute(attribute.rawValue)
        }
    }

    /// The three attributes of encryption exclude each other. They are kept and returned; the file is not encrypted.
    private func applyEncryption(to settings: inout QueueSettings) throws(QueueError) {
        let keyID = text(of: .kmsMasterKeyID)
        var managed: Bool?
        if let value = text(of: .sqsManagedSSEEnabled) { managed = try Self.boolean(value, of: .sqsManagedSSEEnabled) }
        if managed == true, let keyID, !keyID.isEmpty {
            throw .invalidAttributeName(
                message: "You can use one type of server-side encryption (SSE) at one time. You can either enable "
                    + "KMS SSE or SQS SSE.")
        }
        if let keyID {
            guard keyID.utf8.count <= Limits.kmsMasterKeyIDBytesMax else {
                throw .badAttributeValue(QueueAttribute.kmsMasterKeyID.rawValue)
            }
            settings.kmsMasterKeyID = keyID.isEmpty ? nil : keyID
            settings.kmsDataKeyReuseSeconds = keyID.isEmpty ? 300 : settings.kmsDataKeyReuseSeconds
            if !keyID.isEmpty { settings.isSQSManagedSSEEnabled = false }
        }
        if let value = text(of: .kmsDataKeyReusePeriodSeconds) {
            settings.kmsDataKeyReuseSeconds = try Self.integer(
                value, of: .kmsDataKeyReusePeriodSeconds, in: Limits.keyReuseSeconds)
        }
        if let managed {
            settings.isSQSManagedSSEEnabled = managed
            if managed {
                settings.kmsMasterKeyID = nil
                settings.kmsDataKeyReuseSeconds = 300
            }
        }
    }

    private static func checkType(_ value: String, against settings: QueueSettings) throws(QueueError) {
        guard settings.isFIFO else { throw .unknownAttribute(QueueAttribute.fifoQueue.rawValue) }
        guard try boolean(value, of: .fifoQueue) else {
            throw .badAttributeValue(
                QueueAttribute.fifoQueue.rawValue, reason: "Modifying queue type is not supported.")
        }
    }

    private static func requireFIFO(_ settings: QueueSettings, for attribute: QueueAttribute) throws(QueueError) {
        guard settings.isFIFO else {
            throw .invalidAttributeName(
                message: "You can specify the \(attribute.rawValue) only when FifoQueue is set to true.")
        }
    }

    private static func integer(
        _ value: String, of attribute: QueueAttribute, in range: ClosedRange<Int>
    ) throws(QueueError) -> Int {
        guard let number = Int(value), range.contains(number) else { throw .badAttributeValue(attribute.rawValue) }
        return number
    }

    private static func boolean(_ value: String, of attribute: QueueAttribute) throws(QueueError) -> Bool {
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default: throw .badAttributeValue(attribute.rawValue)
        }
    }
}
