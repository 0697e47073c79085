import JSON

/// One permission of a queue: the statement that AddPermission puts into its policy. SQS reference, 8.1.
package struct Permission: Sendable, Equatable {
    package let label: String
    /// Account numbers.
    package let accounts: [String]
    /// Without the prefix `SQS:`.
    package let actions: [String]

    package init(label: String, accounts: [String], actions: [String]) throws(QueueError) {
        guard Limits.permissionLabelLength.contains(label.utf8.count), label.utf8.allSatisfy(\.isQueueNameCharacter)
        else {
            // The wording of the service is not known.
            throw .invalidValue(
                label, of: "Label",
                reason: "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
        }
        try Self.validate(actions: actions)
        try Self.validate(accounts: accounts)
        self.label = label
        self.accounts = accounts
        self.actions = actions
    }

    private static func validate(actions: [String]) throws(QueueError) {
        guard !actions.isEmpty else { throw .missingParameter("Actions") }
        guard actions.count <= Limits.actionsPerPermissionMax else {
            throw .overLimit(
                message: "\(actions.count) Actions were found, maximum allowed is \(Limits.actionsPerPermissionMax).")
        }
        for action in actions where !grantable.contains(action) {
            throw .invalidValue(
                "SQS:\(action)", of: "ActionName",
                reason: ownerOnly.contains(action)
                    ? "Only the queue owner is allowed to invoke this action."
                    : "Please refer to the appropriate WSDL for a list of valid actions.")
        }
    }

    private static func validate(accounts: [String]) throws(QueueError) {
        let unknown = accounts.filter { !AccountID.isValid($0) }
        guard !accounts.isEmpty, unknown.isEmpty else {
            throw .invalidValue(
                "[\(unknown.joined(separator: ", "))]", of: "PrincipalId", reason: "Unable to verify.")
        }
    }

    /// What others may be allowed to do. The action for one message covers its batch.
    private static let grantable: Set = [
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    ]

    private static let ownerOnly: Set = [
        "AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueues",
        "ListQueueTags", "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
    ]

    /// The statement in the policy of `queue`.
    fileprivate func statement(of queue: QueueName) -> JSONValue {
        .object([
            JSONMember(key: "Sid", value: .text(label)),
            JSONMember(key: "Effect", value: .text("Allow")),
            JSONMember(
                key: "Principal",
                value: .object([
                    JSONMember(
                        key: "AWS",
                        value: .oneOrMany(accounts.map { "arn:\(queue.partition):iam::\($0):root" }))
                ])),
            JSONMember(key: "Action", value: .oneOrMany(actions.map { "SQS:\($0)" })),
            JSONMember(key: "Resource", value: .text(queue.arn)),
        ])
    }
}

/// What AddPermission and RemovePermission do to the policy.
extension Policy {
    /// The document with one statement more. `document` is the policy so far; nil begins one.
    package static func adding(
        _ permission: Permission, to document: String?, of queue: QueueName
    ) throws(QueueError) -> String {
        let policy = document.flatMap(parsed) ?? empty(of: queue)
        guard !policy.statements.contains(where: { $0.has(label: permission.label) }) else {
            throw .invalidValue(permission.label, of: "Label", reason: "Already exists.")
        }
        let statements = policy.statements + [permission.statement(of: queue)]
        guard statements.count <= Limits.policyStatementsMax else {
            throw .overLimit(
                message: "\(statements.count) Statements were found, maximum allowed is "
                    + "\(Limits.policyStatementsMax).")
        }
        let changed = policy.replacing(statements: statements).serialized
        // The wordings of the service for these two are not known.
        let principals = statements.reduce(0) { $0 + $1.principalCount }
        guard principals <= Limits.policyPrincipalsMax else {
            throw .overLimit(
                message: "\(principals) Principals were found, maximum allowed is \(Limits.policyPrincipalsMax).")
        }
        guard changed.utf8.count <= Limits.policyBytesMax else {
            throw .overLimit(
                message: "The policy has \(changed.utf8.count) bytes, maximum allowed is \(Limits.policyBytesMax).")
        }
        return changed
    }

    /// The document without the statement of that label; nil if it was the last one.
    package static func removing(label: String, from document: String?) throws(QueueError) -> String? {
        guard let policy = document.flatMap(parsed), policy.statements.contains(where: { $0.has(label: label) }) else {
            throw .invalidValue(label, of: "Label", reason: "can't find label.")
        }
        let statements = policy.statements.filter { !$0.has(label: label) }
        return statements.isEmpty ? nil : policy.replacing(statements: statements).serialized
    }

    private static func parsed(_ document: String) -> JSONValue? { try? JSONValue(parsing: Array(document.utf8)) }

    private static func empty(of queue: QueueName) -> JSONValue {
        .object([
            JSONMember(key: "Version", value: .text("2008-10-17")),
            JSONMember(key: "Id", value: .text("\(queue.arn)/SQSDefaultPolicy")),
            JSONMember(key: "Statement", value: .array([])),
        ])
    }
}

/// A policy document, or one of its statements.
extension JSONValue {
    fileprivate static func text(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

    /// A list of one is written as the one, as SQS does.
    fileprivate static func oneOrMany(_ texts: [String]) -> JSONValue {
        texts.count == 1 ? .text(texts[0]) : .array(texts.map(JSONValue.text))
    }

    /// The statements of a document, which may hold a single one without a list around it.
    fileprivate var statements: [JSONValue] {
        guard let statement = self["Statement"] else { return [] }
        return statement.array ?? [statement]
    }

    fileprivate func replacing(statements: [JSONValue]) -> JSONValue {
        .object(
            (object ?? []).map { member in
                member.key == "Statement" ? JSONMember(key: member.key, value: .array(statements)) : member
            })
    }

    fileprivate func has(label: String) -> Bool { self["Sid"]?.text == label }

    /// The accounts and users a statement names.
    fileprivate var principalCount: Int {
        guard let named = self["Principal"]?["AWS"] else { return 0 }
        return named.array?.count ?? 1
    }
}
