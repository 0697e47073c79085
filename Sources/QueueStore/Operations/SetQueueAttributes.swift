import QueueModel
import SQLite

/// Changes attributes of a queue: all of them or, if one is refused, none.
package struct SetQueueAttributes: WriteOperation {
    let name: QueueName
    let attributes: QueueAttributeChanges

    package init(name: QueueName, attributes: QueueAttributeChanges) {
        self.name = name
        self.attributes = attributes
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        guard !attributes.isEmpty else { throw QueueError.missingParameter("Attribute.Name") }
        var settings = queue.settings
        try attributes.apply(to: &settings, of: name)
        if attributes.sets(.redrivePolicy), let policy = settings.redrivePolicy {
            try transaction.validateRedrive(
                policy, given: attributes.text(of: .redrivePolicy) ?? policy.json, source: name,
                isFIFO: settings.isFIFO)
        }
        try transaction.update(queue, settings: settings)
        if settings.isFIFO, settings.delaySeconds != queue.settings.delaySeconds {
            try transaction.delayChanged(of: queue)
        }
        if settings.redrivePolicy != nil { transaction.news.queuesWithExhausted.insert(queue.id) }
    }
}
