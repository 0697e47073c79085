import JSON
import QueueModel

/// The first line of the input is the name of a queue attribute, the rest its value. Either that is refused with an
/// error of SQS, or what the queue tells says the same when it is set again, and documents are JSON.
@Sendable func checkQueueAttributes(_ input: [UInt8]) throws {
    let name = input.prefix { $0 != UInt8(ascii: "\n") }
    let value = input.dropFirst(name.count + 1).text
    for isFIFO in [false, true] {
        let queue = QueueName(account: "000000000000", region: "us-east-1", name: isFIFO ? "q.fifo" : "q")
        guard let settings = try? settingsOfQueue(named: queue, isFIFO: isFIFO, name.text, value) else { continue }
        let attribute = try require(QueueAttribute(rawValue: name.text), "an unknown attribute is set")
        guard let shown = settings.value(of: attribute), canBeStored(settings, of: queue) else { continue }
        let again = try? settingsOfQueue(named: queue, isFIFO: isFIFO, name.text, shown)
        try expect(again == settings, "\(shown) is told, but sets \(again.map { "\($0)" } ?? "nothing")")
        switch attribute {
        case .redrivePolicy: try checkRedrivePolicy(settings.redrivePolicy, shown)
        case .redriveAllowPolicy: try expect(isJSON(shown), "\(shown) is no JSON")
        case .policy: try checkPolicy(shown, of: queue)
        default: break
        }
    }
}

/// The settings of a queue that is created with one attribute.
private func settingsOfQueue(
    named queue: QueueName, isFIFO: Bool, _ attribute: String, _ value: String
) throws(QueueError) -> QueueSettings {
    var attributes = isFIFO ? ["FifoQueue": "true"] : [:]
    attributes[attribute] = value
    return try QueueAttributeChanges(attributes).settingsOfNewQueue(queue)
}

/// The store takes no redrive policy but to a queue that exists, in the same region, under the one name it has.
func canBeStored(_ settings: QueueSettings, of queue: QueueName) -> Bool {
    guard let policy = settings.redrivePolicy else { return true }
    let target = policy.target
    return target.arn == policy.deadLetterTargetARN && target.region == queue.region
        && (try? QueueName.validate(target.name, isFIFO: queue.name.hasSuffix(".fifo"))) != nil
}

private func checkRedrivePolicy(_ policy: RedrivePolicy?, _ shown: String) throws {
    let policy = try require(policy, "\(shown) is told without a policy")
    let document = foundationValue(Array(shown.utf8)) as? [String: Any]
    try expect(
        document?["deadLetterTargetArn"] as? String == policy.deadLetterTargetARN
            && document?["maxReceiveCount"] as? Int == policy.receiveCountMax, "\(shown) is told for \(policy)")
    try expect((1...1000).contains(policy.receiveCountMax), "\(policy)")
    try expect(policy.target.account == "000000000000", "\(policy) leads to another account")
    let stored = RedrivePolicy(storedARN: policy.deadLetterTargetARN, receiveCountMax: policy.receiveCountMax)
    try expect(stored == policy, "\(policy) comes back from the store as \(stored.map { "\($0)" } ?? "nothing")")
}

/// A permission can be added and taken away, and leaves the other statements alone.
private func checkPolicy(_ policy: String, of queue: QueueName) throws {
    try expect(isJSON(policy), "\(policy) is no JSON")
    try expect(policy.utf8.count <= 8192, "\(policy.utf8.count) bytes of policy are kept")
    guard let permission = try? Permission(label: "mine", accounts: ["111122223333"], actions: ["SendMessage", "*"]),
        let more = try? Policy.adding(permission, to: policy, of: queue)
    else { return }
    try expect(more.utf8.count <= 8192, "\(more.utf8.count) bytes of policy are kept")
    try expect(
        (try? Policy.adding(permission, to: more, of: queue)) == nil, "\(more) takes the same label twice")
    let normalized = try? Policy.normalized(more)
    try expect(normalized == more, "\(more) normalizes to \(normalized ?? "nothing")")
    let less = try? Policy.removing(label: "mine", from: more)
    try expect(statements(of: less) == statements(of: policy), "\(policy) has become \(less ?? "nothing")")
}

/// The statements of a policy, which may hold one without a list around it; those of no policy are none.
private func statements(of policy: String?) -> JSONValue? {
    guard let policy, let document = try? JSONValue(parsing: policy) else { return .array([]) }
    guard let statement = document["Statement"], statement.array == nil else { return document["Statement"] }
    return .array([statement])
}

/// Whether others can read a document, as far as they know all of JSON.
private func isJSON(_ text: String) -> Bool {
    guard let value = try? JSONValue(parsing: text) else { return false }
    return !isPlain(value) || foundationValue(Array(text.utf8)) != nil
}
