import QueueModel
import QueueStore
import TestSupport

@testable import QueueEngine

/// What is done to queues, and to the daemon.
extension RandomHistory {
    func purge() throws {
        let name = one(of: names)
        tell("\(name.name) is purged")
        try alone(PurgeQueue(name: name)) { [self] in model.purge(name) }
    }

    func recreate() throws {
        let name = one(of: names)
        // Messages may be on their way to it.
        if chance(50) { try moveMany(to: name) }
        tell("\(name.name) is deleted")
        try alone(DeleteQueue(name: name)) { [self] in model.delete(name) }
        for _ in 0..<number(below: 5) {
            if chance(30) { try advanceClock() } else { try batch([request()]) }
        }
        try create(name)
    }

    func create(_ name: QueueName) throws {
        let attributes = try QueueAttributeChanges(Self.attributes(of: name))
        tell("\(name.name) is created")
        let settings = try attributes.settingsOfNewQueue(name)
        try alone(CreateQueue(name: name, attributes: attributes, tags: [:])) { [self] in
            model.create(name, settings)
        }
    }

    private static func attributes(of name: QueueName) -> [String: String] {
        func redrive(_ target: String, _ count: Int) -> String {
            let arn = QueueName(account: "000000000000", region: "us-east-1", name: target).arn
            return "{\"deadLetterTargetArn\":\"\(arn)\",\"maxReceiveCount\":\(count)}"
        }
        switch name.name {
        case "last": return ["VisibilityTimeout": "5", "MessageRetentionPeriod": "100"]
        case "dead": return ["VisibilityTimeout": "5", "RedrivePolicy": redrive("last", 2)]
        case "a": return ["VisibilityTimeout": "10", "RedrivePolicy": redrive("dead", 2)]
        case "b": return ["VisibilityTimeout": "3", "DelaySeconds": "2", "MessageRetentionPeriod": "120"]
        case "dead.fifo": return ["FifoQueue": "true", "VisibilityTimeout": "4"]
        case "f.fifo":
            return ["FifoQueue": "true", "VisibilityTimeout": "6", "RedrivePolicy": redrive("dead.fifo", 2)]
        default:
            return [
                "FifoQueue": "true", "VisibilityTimeout": "6", "DeduplicationScope": "messageGroup",
                "DelaySeconds": "1", "MessageRetentionPeriod": "150",
            ]
        }
    }

    func changeAttributes() throws {
        let name = one(of: names)
        let value = [0, 1, 3, 10][number(below: 4)]
        let retention = [60, 90, 200, 345_600][number(below: 4)]
        let (attribute, text, change): (String, String, (inout QueueSettings) -> Void) =
            switch number(below: 4) {
            case 0: ("DelaySeconds", "\(value)", { $0.delaySeconds = value })
            case 1: ("VisibilityTimeout", "\(value)", { $0.visibilityTimeoutSeconds = value })
            case 2: ("MessageRetentionPeriod", "\(retention)", { $0.retentionSeconds = retention })
            default:
                if name.name.hasSuffix(".fifo") {
                    chance(50)
                        ? ("DeduplicationScope", "queue", { $0.deduplicationScope = .queue })
                        : ("DeduplicationScope", "messageGroup", { $0.deduplicationScope = .messageGroup })
                } else {
                    ("ReceiveMessageWaitTimeSeconds", "\(value)", { $0.receiveWaitSeconds = value })
                }
            }
        tell("\(name.name) gets \(attribute) \(text)")
        let operation = SetQueueAttributes(name: name, attributes: try QueueAttributeChanges([attribute: text]))
        try alone(operation) { [self] in model.set(name, change) }
    }

    func restart() throws {
        if chance(50) {
            tell("stop and start")
            try engine.restart()
        } else {
            tell("crash")
            try engine.crash()
        }
        try restarted()
        try checkEverything()
    }

    /// Clients that waited have lost their connection.
    func restarted() throws {
        answers = []
        pollAnswers = []
        parked = []
        unanswered = [:]
        lastReceive = nil
        model.excuseMoveTasks()
        try batch([])
    }
}
