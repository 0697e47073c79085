import QueueModel

/// Adds a statement to a queue's policy.
package struct AddPermission: WriteOperation {
    let name: QueueName
    let permission: Permission

    package init(name: QueueName, permission: Permission) {
        self.name = name
        self.permission = permission
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        var settings = queue.settings
        settings.policy = try Policy.adding(permission, to: settings.policy, of: name)
        try transaction.update(queue, settings: settings)
    }
}

/// Takes a statement out of a queue's policy; without statements there is no policy.
package struct RemovePermission: WriteOperation {
    let name: QueueName
    let label: String

    package init(name: QueueName, label: String) {
        self.name = name
        self.label = label
    }

    package func run(in transaction: WriteTransaction) throws {
        let queue = try transaction.existingQueue(name)
        var settings = queue.settings
        settings.policy = try Policy.removing(label: label, from: settings.policy)
        try transaction.update(queue, settings: settings)
    }
}
