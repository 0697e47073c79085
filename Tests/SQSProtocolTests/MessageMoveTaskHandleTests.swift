import Crypto
import Testing

@testable import SQSProtocol

/// The handle of a message move task. Reference: 6.4.
struct MessageMoveTaskHandleTests {
    private func encoded(_ text: String) -> String { String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) }

    @Test func `a handle is the base64 of a JSON object`() {
        let arn = "arn:aws:sqs:us-east-1:000000000000:q"
        let handle = MessageMoveTaskHandle(taskID: "11111111-2222-4333-8444-555555555555", sourceARN: arn)
        let json = #"{"taskId":"11111111-2222-4333-8444-555555555555","sourceArn":"\#(arn)"}"#
        #expect(handle.text == encoded(json))
        #expect(MessageMoveTaskHandle(handle.text) == handle)
    }

    @Test(arguments: [
        "", "{}", "[]", "no JSON", #"{"taskId":"id"}"#, #"{"sourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}"#,
        #"{"taskId":1,"sourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}"#, #"{"taskId":"id","sourceArn":"q"}"#,
    ])
    func `what is something else is no handle`(text: String) {
        #expect(MessageMoveTaskHandle(encoded(text)) == nil)
        #expect(MessageMoveTaskHandle(text) == nil)
    }
}
