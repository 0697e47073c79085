import QueueModel
import SQLite

/// Sets tags of a queue; keys it has already are overwritten.
package struct TagQueue: WriteOperation {
    let name: QueueName
    let tags: [String: String]

    /// `tags` have been checked but for their number.
    package init(name: QueueName, tags: [String: String]) {
        self.name = name
        self.tags = tags
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        try transaction.setTags(tags, of: queue)
        let count = try transaction.connection.statement("SELECT count(*) FROM queue_tag WHERE queue_id = ?").first(
            queue.id.rawValue
        ) { Int($0.integer(0)) }
        guard count ?? 0 <= Limits.tagsPerQueueMax else { throw Tags.tooMany(queue: name.name) }
    }
}

/// Takes tags from a queue; keys it does not have are passed over.
package struct UntagQueue: WriteOperation {
    let name: QueueName
    let keys: [String]

    package init(name: QueueName, keys: [String]) {
        self.name = name
        self.keys = keys
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        // However many keys a request names, a queue has few tags.
        let named = Set(keys)
        let tagged = try transaction.connection.statement("SELECT key FROM queue_tag WHERE queue_id = ?").all(
            queue.id.rawValue
        ) { $0.text(0) }
        for key in tagged where named.contains(key) {
            try transaction.connection.statement("DELETE FROM queue_tag WHERE queue_id = ? AND key = ?").run(
                queue.id.rawValue, key)
        }
    }
}

/// The tags of a queue.
package struct ListQueueTags: ReadOperation {
    let name: QueueName

    package init(name: QueueName) { self.name = name }

    package func run(in transaction: ReadTransaction) throws -> [(key: String, value: String)] {
        let queue = try transaction.existingQueue(name)
        return try transaction.connection.statement(
            "SELECT key, value FROM queue_tag WHERE queue_id = ? ORDER BY key"
        ).all(queue.id.rawValue) { (key: $0.text(0), value: $0.text(1)) }
    }
}

extension WriteTransaction {
    func setTags(_ tags: [String: String], of queue: QueueRecord) throws(SQLiteError) {
        for (key, value) in tags {
            try connection.statement("INSERT OR REPLACE INTO queue_tag (queue_id, key, value) VALUES (?, ?, ?)").run(
                queue.id.rawValue, key, value)
        }
    }
}
