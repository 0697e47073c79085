/// The actions of Amazon SQS, API version 2012-11-05, under their own names.
package enum ActionName: String, CaseIterable, Sendable {
    case addPermission = "AddPermission"
    case cancelMessageMoveTask = "CancelMessageMoveTask"
    case changeMessageVisibility = "ChangeMessageVisibility"
    case changeMessageVisibilityBatch = "ChangeMessageVisibilityBatch"
    case createQueue = "CreateQueue"
    case deleteMessage = "DeleteMessage"
    case deleteMessageBatch = "DeleteMessageBatch"
    case deleteQueue = "DeleteQueue"
    case getQueueAttributes = "GetQueueAttributes"
    case getQueueURL = "GetQueueUrl"
    case listDeadLetterSourceQueues = "ListDeadLetterSourceQueues"
    case listMessageMoveTasks = "ListMessageMoveTasks"
    case listQueueTags = "ListQueueTags"
    case listQueues = "ListQueues"
    case purgeQueue = "PurgeQueue"
    case receiveMessage = "ReceiveMessage"
    case removePermission = "RemovePermission"
    case sendMessage = "SendMessage"
    case sendMessageBatch = "SendMessageBatch"
    case setQueueAttributes = "SetQueueAttributes"
    case startMessageMoveTask = "StartMessageMoveTask"
    case tagQueue = "TagQueue"
    case untagQueue = "UntagQueue"

    /// The action of that name. Unlike `init(rawValue:)` it makes no text of the name, and compares few.
    init?(utf8 name: ArraySlice<UInt8>) {
        guard name.count < Self.byLength.count else { return nil }
        for action in Self.byLength[name.count] {
            var text = action.rawValue
            guard text.withUTF8({ name.equals($0) }) else { continue }
            self = action
            return
        }
        return nil
    }

    /// At each length the actions whose names are so long.
    private static let byLength: [[ActionName]] = {
        let lengths = allCases.map(\.rawValue.utf8.count)
        return (0...(lengths.max() ?? 0)).map { length in allCases.filter { $0.rawValue.utf8.count == length } }
    }()

    /// Whether the action has an output shape. The others answer with an empty body in JSON and without a Result
    /// element in XML.
    package var hasOutput: Bool {
        switch self {
        case .addPermission, .changeMessageVisibility, .deleteMessage, .deleteQueue, .purgeQueue, .removePermission,
            .setQueueAttributes, .tagQueue, .untagQueue:
            false
        default:
            true
        }
    }

    /// Whether the action may be sent to the URL of a queue (SQS reference, 1.4).
    var isAllowedOnQueuePath: Bool {
        self != .createQueue && self != .listQueues
    }
}
