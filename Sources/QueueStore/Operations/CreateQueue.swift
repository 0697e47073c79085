import QueueModel

/// Creates a queue, or finds the one of that name if it has the given attributes.
package struct CreateQueue: WriteOperation {
    let name: QueueName
    let attributes: QueueAttributeChanges
    let tags: [String: String]

    /// `tags` have been checked but for their number.
    package init(name: QueueName, attributes: QueueAttributeChanges, tags: [String: String]) {
        self.name = name
        self.attributes = attributes
        self.tags = tags
    }

    package func run(in transaction: WriteTransaction) throws {
        if let queue = try transaction.queue(name) {
            // What contradicts itself is no other queue than the one that is there.
            if attributes.sets(.fifoQueue) { try QueueName.validate(name.name, isFIFO: try attributes.createsFIFO()) }
            return try compare(with: queue)
        }
        try QueueName.validate(name.name, isFIFO: try attributes.createsFIFO())
        let settings = try attributes.settingsOfNewQueue(name)
        guard tags.count <= Limits.tagsPerQueueMax else { throw Tags.tooMany(queue: name.name) }
        try refuseIfDeletedRecently(transaction)
        if let policy = settings.redrivePolicy {
            try transaction.validateRedrive(
                policy, given: attributes.text(of: .redrivePolicy) ?? policy.json, source: name,
                isFIFO: settings.isFIFO)
        }
        let queue = try transaction.insertQueue(name, settings: settings)
        try transaction.setTags(tags, of: queue)
    }

    /// Attributes that are not mentioned are not compared, nor are tags.
    private func compare(with queue: QueueRecord) throws(QueueError) {
        var wanted = queue.settings
        // A new deduplication scope is a difference, not a contradiction to the queue's throughput limit.
        wanted.fifoThroughputLimit = .perQueue
        try attributes.apply(to: &wanted, of: name)
        for attribute in attributes.attributes where !isSame(attribute, wanted, queue.settings) {
            throw .queueNameExists(attribute: attribute.rawValue)
        }
    }

    private func isSame(_ attribute: QueueAttribute, _ left: QueueSettings, _ right: QueueSettings) -> Bool {
        switch attribute {
        // No policy is the default.
        case .redriveAllowPolicy:
            return left.redriveAllowPolicy?.permission ?? .allowAll == right.redriveAllowPolicy?.permission ?? .allowAll
        // Without a key it is not told, but there.
        case .kmsDataKeyReusePeriodSeconds: return left.kmsDataKeyReuseSeconds == right.kmsDataKeyReuseSeconds
        default: break
        }
        guard let left = left.value(of: attribute), let right = right.value(of: attribute) else {
            return left.value(of: attribute) == right.value(of: attribute)
        }
        return attribute == .policy ? Policy.isSame(left, right) : left == right
    }

    private func refuseIfDeletedRecently(_ transaction: WriteTransaction) throws {
        let deletedAt = try transaction.connection.statement(
            "SELECT deleted_at FROM deleted_queue WHERE account = ? AND region = ? AND name = ?"
        ).first(name.account, name.region, name.name) { Timestamp(milliseconds: $0.integer(0)) }
        guard let deletedAt else { return }
        if transaction.options.strictLimits, deletedAt.adding(seconds: Limits.repeatSeconds) > transaction.now {
            throw QueueError.queueDeletedRecently
        }
        try transaction.connection.statement(
            "DELETE FROM deleted_queue WHERE account = ? AND region = ? AND name = ?"
        ).run(name.account, name.region, name.name)
    }
}
