/// The actions of SQS that a load test uses.
enum Action: Int, CaseIterable {
    case createQueue, deleteQueue, sendMessage, sendMessageBatch, receiveMessage, deleteMessage, deleteMessageBatch

    /// As in `SendMessage`.
    var name: String {
        switch self {
        case .createQueue: "CreateQueue"
        case .deleteQueue: "DeleteQueue"
        case .sendMessage: "SendMessage"
        case .sendMessageBatch: "SendMessageBatch"
        case .receiveMessage: "ReceiveMessage"
        case .deleteMessage: "DeleteMessage"
        case .deleteMessageBatch: "DeleteMessageBatch"
        }
    }
}
