import QueueModel

/// Succeeds if the store commits and has room for messages: it writes a row of its own.
package struct CheckHealth: WriteOperation {
    package init() {}

    package func run(in transaction: WriteTransaction) throws {
        try transaction.takeRoom(0)
        try transaction.connection.statement(
            """
            INSERT INTO store_setting (name, value) VALUES ('health_checked_at', ?1)
            ON CONFLICT (name) DO UPDATE SET value = ?1
            """
        ).run(transaction.now.milliseconds)
    }
}
