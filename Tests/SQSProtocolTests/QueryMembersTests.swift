import JSON
import Testing

@testable import SQSProtocol

/// The flat names of the Query protocol mean the same as the JSON beside them.
struct QueryMembersTests {
    private func members(_ text: String, for action: ActionName) throws -> JSONValue {
        var form = FormParameters()
        try form.append(Array(text.utf8))
        return .object(QueryMembers.members(of: form, for: action))
    }

    struct Case: Sendable {
        let action: ActionName
        let form: String
        let json: String

        init(_ action: ActionName, _ form: String, _ json: String) {
            self.action = action
            self.form = form
            self.json = json
        }
    }

    @Test(
        "scalars, lists and maps",
        arguments: [
            Case(.sendMessage, "MessageBody=a+b&DelaySeconds=5", #"{"MessageBody":"a b","DelaySeconds":"5"}"#),
            Case(.sendMessage, "MessageBody=1&MessageBody=2", #"{"MessageBody":"2"}"#),
            Case(
                .createQueue, "Attribute.1.Name=A&Attribute.1.Value=1&Attribute.2.Name=B&Attribute.2.Value=2",
                #"{"Attributes":{"A":"1","B":"2"}}"#),
            // Any order, gaps, missing parts.
            Case(
                .createQueue, "Attribute.7.Value=7&Attribute.3.Name=C&Attribute.3.Value=3&Attribute.7.Name=D",
                #"{"Attributes":{"C":"3","D":"7"}}"#),
            Case(.createQueue, "Attribute.1.Name=A", #"{"Attributes":{"A":""}}"#),
            Case(.createQueue, "Attribute.1.Value=1", #"{"Attributes":{"":"1"}}"#),
            Case(
                .createQueue, "Attribute.1.Name=A&Attribute.1.Value=1&Attribute.2.Name=A&Attribute.2.Value=2",
                #"{"Attributes":{"A":"2"}}"#),
            // Names of more parts than any has.
            Case(
                .createQueue, "Attribute.1.Name=A&Attribute.1.Name.1.2.3.4.5=x&Attribute.1.Name.1.2.3.4.5.6.7=x",
                #"{"Attributes":{"A":""}}"#),
            // Without an index.
            Case(.setQueueAttributes, "Attribute.Name=A&Attribute.Value=1", #"{"Attributes":{"A":"1"}}"#),
            Case(
                .setQueueAttributes, "Attribute.Name=A&Attribute.Value=1&Attribute.2.Name=B&Attribute.2.Value=2",
                #"{"Attributes":{"A":"1","B":"2"}}"#),
            Case(
                .getQueueAttributes, "AttributeName=All",
                #"{"AttributeNames":["All"],"MessageSystemAttributeNames":["All"]}"#),
            // Both lists of a receive have one name on the wire.
            Case(
                .receiveMessage, "AttributeName.2=B&AttributeName.1=A&MessageAttributeName.1=x.*",
                #"{"AttributeNames":["A","B"],"MessageSystemAttributeNames":["A","B"],"MessageAttributeNames":["x.*"]}"#
            ),
            Case(
                .receiveMessage, "AttributeName.1=SenderId&AttributeName.1=All",
                #"{"AttributeNames":["All"],"MessageSystemAttributeNames":["All"]}"#),
            Case(
                .receiveMessage, "AttributeName.10=J&AttributeName.9=I",
                #"{"AttributeNames":["I","J"],"MessageSystemAttributeNames":["I","J"]}"#),
            // An explicit empty list.
            Case(.getQueueAttributes, "AttributeName=", #"{"AttributeNames":[],"MessageSystemAttributeNames":[]}"#),
            Case(.getQueueAttributes, "AttributeNames=", #"{"AttributeNames":[],"MessageSystemAttributeNames":[]}"#),
            Case(.receiveMessage, "MessageAttributeNames=", #"{"MessageAttributeNames":[]}"#),
            Case(.sendMessage, "MessageAttributes=", #"{"MessageAttributes":{}}"#),
            Case(.sendMessageBatch, "Entries=", #"{"Entries":[]}"#),
            Case(.tagQueue, "Tag.1.Key=k&Tag.1.Value=v", #"{"Tags":{"k":"v"},"tags":{"k":"v"}}"#),
            Case(.untagQueue, "TagKey.1=a&TagKey.2=b", #"{"TagKeys":["a","b"]}"#),
            Case(
                .addPermission, "AWSAccountId.1=1&ActionName.1=*&Label=l",
                #"{"AWSAccountIds":["1"],"Actions":["*"],"Label":"l"}"#),
            // Names that SQS does not know.
            Case(.sendMessage, "Foo.1.Bar=x&Attribute.1.2.3.4.5.6.7.8=y&..=z", "{}"),
        ])
    func simple(row: Case) throws {
        #expect(try members(row.form, for: row.action) == JSONValue(parsing: row.json))
    }

    @Test func `message attributes`() throws {
        let form = """
            MessageAttribute.1.Name=color&MessageAttribute.1.Value.DataType=String\
            &MessageAttribute.1.Value.StringValue=blue\
            &MessageAttribute.2.Name=blob&MessageAttribute.2.Value.BinaryValue=AQID\
            &MessageAttribute.2.Value.DataType=Binary\
            &MessageAttribute.3.Name=list&MessageAttribute.3.Value.StringListValue.1=a\
            &MessageSystemAttribute.1.Name=AWSTraceHeader&MessageSystemAttribute.1.Value.StringValue=t
            """
        let json = """
            {"MessageAttributes":{"color":{"DataType":"String","StringValue":"blue"},
            "blob":{"DataType":"Binary","BinaryValue":"AQID"},"list":{"StringListValues":["a"]}},
            "MessageSystemAttributes":{"AWSTraceHeader":{"StringValue":"t"}}}
            """
        #expect(try members(form, for: .sendMessage) == JSONValue(parsing: json))
    }

    @Test func `the entries of a send batch`() throws {
        let form = """
            SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=two\
            &SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=one\
            &SendMessageBatchRequestEntry.1.DelaySeconds=3\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Number\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=1
            """
        let json = """
            {"Entries":[{"Id":"a","MessageBody":"one","DelaySeconds":"3",
            "MessageAttributes":{"n":{"DataType":"Number","StringValue":"1"}}},{"Id":"b","MessageBody":"two"}]}
            """
        #expect(try members(form, for: .sendMessageBatch) == JSONValue(parsing: json))
    }

    @Test(
        "the entries of each batch have their own name",
        arguments: [ActionName.sendMessageBatch, .deleteMessageBatch, .changeMessageVisibilityBatch])
    func batches(action: ActionName) throws {
        let name = "\(action.rawValue)RequestEntry"
        #expect(
            try members("\(name).1.Id=a&\(name).1.ReceiptHandle=h", for: action)
                == JSONValue(parsing: #"{"Entries":[{"Id":"a","ReceiptHandle":"h"}]}"#))
        #expect(try members("\(name)=", for: action) == JSONValue(parsing: #"{"Entries":[]}"#))
        #expect(try members("\(name).1.Id=a", for: .sendMessage) == .object([]))
    }
}
