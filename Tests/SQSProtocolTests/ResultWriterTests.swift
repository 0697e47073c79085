import Testing

@testable import SQSProtocol

/// What results look like, byte for byte as in the SQS reference, 1.2 and 1.5.
struct ResultWriterTests {
    private func json(_ write: (inout JSONResultWriter) -> Void) -> String {
        var writer = JSONResultWriter()
        write(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// The whole XML answer, and what is inside of its Result element.
    private func xml(_ action: ActionName, _ write: (inout XMLResultWriter) -> Void) -> (whole: String, result: String)
    {
        var writer = XMLResultWriter(action)
        write(&writer)
        let whole = String(decoding: writer.finish(requestID: "…"), as: UTF8.self)
        let start = whole.firstRange(of: "<\(action.rawValue)Result>")?.upperBound ?? whole.endIndex
        let end = whole.firstRange(of: "</\(action.rawValue)Result>")?.lowerBound ?? whole.endIndex
        return (whole, String(whole[start..<max(start, end)]))
    }

    private func writeReceived(_ result: inout some ResultWriter) {
        result.list("Messages", [1]) { message, _ in
            message.string("MessageId", "…")
            message.string("ReceiptHandle", "…")
            message.string("MD5OfBody", "…")
            message.string("Body", Array("…".utf8))
            message.stringMap("Attributes", [(key: "SentTimestamp", value: "1700000000000")])
            message.string("MD5OfMessageAttributes", "…")
            message.map("MessageAttributes", [(key: "color", value: "blue")]) { attribute, value in
                attribute.string("StringValue", value)
                attribute.string("DataType", "String")
            }
        }
    }

    @Test func `a received message in XML`() {
        let expected = """
            <?xml version="1.0"?><ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">\
            <ReceiveMessageResult><Message><MessageId>…</MessageId><ReceiptHandle>…</ReceiptHandle>\
            <MD5OfBody>…</MD5OfBody><Body>…</Body><Attribute><Name>SentTimestamp</Name><Value>1700000000000</Value>\
            </Attribute><MD5OfMessageAttributes>…</MD5OfMessageAttributes><MessageAttribute><Name>color</Name><Value>\
            <StringValue>blue</StringValue><DataType>String</DataType></Value></MessageAttribute></Message>\
            </ReceiveMessageResult><ResponseMetadata><RequestId>…</RequestId></ResponseMetadata>\
            </ReceiveMessageResponse>
            """
        #expect(xml(.receiveMessage) { writeReceived(&$0) }.whole == expected)
    }

    @Test func `a received message in JSON`() {
        let expected = """
            {"Messages":[{"MessageId":"…","ReceiptHandle":"…","MD5OfBody":"…","Body":"…",\
            "Attributes":{"SentTimestamp":"1700000000000"},"MD5OfMessageAttributes":"…",\
            "MessageAttributes":{"color":{"StringValue":"blue","DataType":"String"}}}]}
            """
        #expect(json { writeReceived(&$0) } == expected)
    }

    private func writeEmpty(_ result: inout some ResultWriter) {
        result.list("Messages", [Int]()) { _, _ in }
        result.map("MessageAttributes", [(key: String, value: Int)]()) { _, _ in }
        result.stringList("QueueUrls", [])
        result.stringMap("Tags", [(key: String, value: String)]())
        result.string("NextToken", ifPresent: nil)
        result.integer("StartedTimestamp", ifPresent: nil)
    }

    @Test func `empty lists and maps are left out`() {
        #expect(json { writeEmpty(&$0) } == "{}")
        let expected = """
            <?xml version="1.0"?><ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">\
            <ReceiveMessageResult/><ResponseMetadata><RequestId>…</RequestId></ResponseMetadata>\
            </ReceiveMessageResponse>
            """
        #expect(xml(.receiveMessage) { writeEmpty(&$0) }.whole == expected)
    }

    @Test func `an action without output has no Result element`() {
        let expected = """
            <?xml version="1.0"?><DeleteMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">\
            <ResponseMetadata><RequestId>…</RequestId></ResponseMetadata></DeleteMessageResponse>
            """
        #expect(xml(.deleteMessage) { _ in }.whole == expected)
    }

    @Test(
        "text nodes escape what the service escapes",
        arguments: [
            ("plain é\u{1D4B3}", "plain é\u{1D4B3}"), ("<a & \"b\">", "&lt;a &amp; &quot;b&quot;&gt;"),
            ("a\r\nb\tc'", "a&#xD;\nb\tc'"), ("\u{1}\u{1F}", "\u{FFFD}\u{FFFD}"), ("", ""),
            ("a\u{FFFE}b\u{FFFF}\u{FFFD}\u{1FFFF}", "a\u{FFFD}b\u{FFFD}\u{FFFD}\u{1FFFF}"),
        ])
    func xmlText(text: String, escaped: String) {
        let expected = "<QueueUrl>\(escaped)</QueueUrl>"
        #expect(xml(.createQueue) { $0.string("QueueUrl", text) }.result == expected)
        #expect(xml(.createQueue) { $0.string("QueueUrl", Array(text.utf8)) }.result == expected)
    }

    private func writeScalars(_ result: inout some ResultWriter) {
        result.integer("A", -5)
        result.boolean("B", true)
        result.boolean("C", false)
        result.blob("D", [1, 2, 3])
        result.string("E", ifPresent: "e")
        result.integer("F", ifPresent: 6)
    }

    @Test func `members with a single value`() {
        #expect(json { writeScalars(&$0) } == #"{"A":-5,"B":true,"C":false,"D":"AQID","E":"e","F":6}"#)
        #expect(
            xml(.listQueues) { writeScalars(&$0) }.result
                == "<A>-5</A><B>true</B><C>false</C><D>AQID</D><E>e</E><F>6</F>")
    }

    @Test(
        "the elements of lists have the names of the schema",
        arguments: [
            (.listQueues, "QueueUrls"), (.listDeadLetterSourceQueues, "queueUrls"),
        ] as [(ActionName, String)])
    func stringLists(action: ActionName, member: String) {
        #expect(json { $0.stringList(member, ["a", "b"]) } == "{\"\(member)\":[\"a\",\"b\"]}")
        #expect(
            xml(action) { $0.stringList(member, ["a", "b"]) }.result == "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl>")
    }

    @Test(
        "the entries of maps have the names of the schema",
        arguments: [
            (.getQueueAttributes, "Attributes", "<Attribute><Name>k</Name><Value>v</Value></Attribute>"),
            (.listQueueTags, "Tags", "<Tag><Key>k</Key><Value>v</Value></Tag>"),
        ] as [(ActionName, String, String)])
    func stringMaps(action: ActionName, member: String, element: String) {
        #expect(json { $0.stringMap(member, ["k": "v"]) } == "{\"\(member)\":{\"k\":\"v\"}}")
        #expect(xml(action) { $0.stringMap(member, ["k": "v"]) }.result == element)
    }

    @Test(
        "the structures of lists have the names of the schema",
        arguments: [
            (.sendMessageBatch, "Successful", "SendMessageBatchResultEntry"),
            (.deleteMessageBatch, "Successful", "DeleteMessageBatchResultEntry"),
            (.changeMessageVisibilityBatch, "Successful", "ChangeMessageVisibilityBatchResultEntry"),
            (.deleteMessageBatch, "Failed", "BatchResultErrorEntry"),
            (.listMessageMoveTasks, "Results", "ListMessageMoveTasksResultEntry"),
        ] as [(ActionName, String, String)])
    func structureLists(action: ActionName, member: String, element: String) {
        #expect(json { $0.list(member, ["1"]) { $0.string("Id", $1) } } == "{\"\(member)\":[{\"Id\":\"1\"}]}")
        #expect(
            xml(action) { $0.list(member, ["1"]) { $0.string("Id", $1) } }.result
                == "<\(element)><Id>1</Id></\(element)>")
    }
}
