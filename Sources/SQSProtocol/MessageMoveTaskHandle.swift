import Crypto
import JSON
import QueueModel

/// What a client knows a message move task by: base64 of `{"taskId":"…","sourceArn":"…"}` (SQS reference, 6.4).
struct MessageMoveTaskHandle: Equatable {
    let taskID: String
    let sourceARN: String

    init(taskID: String, sourceARN: String) {
        self.taskID = taskID
        self.sourceARN = sourceARN
    }

    /// `nil` for a text that is no handle.
    init?(_ text: String) {
        guard let json = Base64.decode(Array(text.utf8)), let handle = try? JSONValue(parsing: json),
            let taskID = handle["taskId"]?.text, let sourceARN = handle["sourceArn"]?.text,
            case .success = QueueName.parse(arn: sourceARN)
        else { return nil }
        self.init(taskID: taskID, sourceARN: sourceARN)
    }

    var text: String {
        var json = JSONWriter()
        json.beginObject()
        json.key("taskId")
        json.string(taskID)
        json.key("sourceArn")
        json.string(sourceARN)
        json.endObject()
        return String(decoding: Base64.encode(json.bytes), as: UTF8.self)
    }
}

extension RequestContext {
    /// The queue of an ARN. As with queue URLs the account is whichever the client names, the region its own: no other
    /// region's queues exist for it, nor those of another partition.
    func queueName(arn: String, of parameter: String) throws(QueueError) -> QueueName {
        guard case .success(let name) = QueueName.parse(arn: arn) else { throw .malformedARN(parameter) }
        guard name.region == region, name.arn == arn else { throw .unknownResource(parameter) }
        return name
    }
}
