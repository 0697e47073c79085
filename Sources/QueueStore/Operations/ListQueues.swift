import QueueModel

/// The queues of an account and region, ascending by name.
package struct ListQueues: ReadOperation {
    let account: String
    let region: String
    let prefix: String
    let after: String
    let limit: Int

    /// `prefix`: what the names begin with, case-sensitive; `after`: the last name of the page before, or empty.
    package init(account: String, region: String, prefix: String, after: String, limit: Int) {
        self.account = account
        self.region = region
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    package func run(in transaction: ReadTransaction) throws -> Page<QueueName> {
        // Names are ASCII, so every name with the prefix lies below the prefix followed by the last character.
        let names = try transaction.connection.statement(
            """
            SELECT name FROM queue WHERE account = ? AND region = ? AND name >= ? AND name > ? AND name < ?
            ORDER BY name LIMIT ?
            """
        ).all(account, region, prefix, after, prefix + "\u{7f}", limit + 1) {
            QueueName(account: account, region: region, name: $0.text(0))
        }
        return Page(names, limit: limit)
    }
}

/// The queues whose redrive policy names this queue as their dead-letter queue, ascending by creation.
package struct ListDeadLetterSourceQueues: ReadOperation {
    let name: QueueName
    let after: Int64
    let limit: Int

    /// `after`: the position the page before ended with, or 0.
    package init(name: QueueName, after: Int64, limit: Int) {
        self.name = name
        self.after = after
        self.limit = limit
    }

    /// The position that the next page goes on from stands beside each name.
    package func run(in transaction: ReadTransaction) throws -> Page<(name: QueueName, position: Int64)> {
        let queue = try transaction.existingQueue(name)
        let sources = try transaction.connection.statement(
            """
            SELECT account, region, name, id FROM queue WHERE dead_letter_target_arn = ? AND id > ?
            ORDER BY id LIMIT ?
            """
        ).all(queue.name.arn, after, limit + 1) {
            (
                name: QueueName(account: $0.text(0), region: $0.text(1), name: $0.text(2)),
                position: $0.integer(3)
            )
        }
        return Page(sources, limit: limit)
    }
}

/// One page of a listing.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    package let hasMore: Bool

    /// `found`: up to one item more than the page holds.
    init(_ found: [Item], limit: Int) {
        items = Array(found.prefix(limit))
        hasMore = found.count > limit
    }
}
