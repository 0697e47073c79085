/// The schema of the store, one step a file, applied in this order and never changed once released.
package struct Migration: Sendable {
    /// 1, 2, 3, …
    package let version: Int
    /// The file's name without its ending.
    package let name: String
    package let sql: [UInt8]

    // A Swift name cannot begin with a digit, so the build turns 0001 into _001.
    package static let all: [Migration] = [
        Migration(
            version: 1, name: "0001_queues_and_messages", sql: PackageResources._001_queues_and_messages_sql),
        Migration(version: 2, name: "0002_fifo", sql: PackageResources._002_fifo_sql),
        Migration(
            version: 3, name: "0003_message_move_tasks", sql: PackageResources._003_message_move_tasks_sql),
        Migration(
            version: 4, name: "0004_backlog_changed_at", sql: PackageResources._004_backlog_changed_at_sql),
        Migration(version: 5, name: "0005_fresh_messages", sql: PackageResources._005_fresh_messages_sql),
        Migration(
            version: 6, name: "0006_turn_of_fifo_groups", sql: PackageResources._006_turn_of_fifo_groups_sql),
        Migration(
            version: 7, name: "0007_messages_of_groups_together",
            sql: PackageResources._007_messages_of_groups_together_sql),
    ]
}
