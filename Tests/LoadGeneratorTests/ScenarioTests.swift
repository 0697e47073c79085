import JSON
import Platform
import Testing

@testable import LoadGenerator

/// What the workers of each scenario ask for, and what they make of the answers.
@Suite struct ScenarioTests {
    private func plan(groups: Int = 0, connections: Int = 1, backlog: Int = 0, messageSize: Int = 20) throws -> Plan {
        let head = RequestHead(
            endpoint: try Endpoint("http://127.0.0.1:9324"),
            date: UTCTime(millisecondsSinceEpoch: 1_700_000_000_000))
        return Plan(
            head: head, queue: TestQueue(url: "http://127.0.0.1:9324/1/q", groups: groups), connections: connections,
            messageSize: messageSize, backlog: backlog, numbers: SendRequest.Numbers())
    }

    /// The head and the body of the next request, whose length must be what its head says.
    private func next(_ worker: any Worker, at time: Int64 = 0) throws -> (head: String, body: JSONValue) {
        let request = try #require(worker.next(at: time))
        let text = String(decoding: request.bytes, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        let (head, body) = (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
        let length = try #require(head.split(separator: "Content-Length:").last).drop { $0 == " " }
        #expect(Int(length) == body.utf8.count)
        #expect(head.contains("X-Amz-Target: AmazonSQS.\(request.action.name)\r\n"))
        let value = try JSONValue(parsing: body)
        if request.action != .createQueue { #expect(value["QueueUrl"]?.text == "http://127.0.0.1:9324/1/q") }
        return (head, value)
    }

    /// Messages and the time from which they count, or nil for a failure.
    @discardableResult
    private func answer(_ worker: any Worker, _ text: String) -> (messages: Int, since: Int64?)? {
        Array(text.utf8).withUnsafeBytes { bytes in
            guard case .success(let messages, let since) = worker.take(AnswerText(bytes)) else { return nil }
            return (messages, since)
        }
    }

    private func answer(receiving handles: [String], body: String = "x") -> String {
        let messages = handles.map { #"{"MessageId":"1","ReceiptHandle":"\#($0)","Body":"\#(body)"}"# }
        return #"{"Messages":[\#(messages.joined(separator: ","))]}"#
    }

    @Test func `a request has the head that an SDK would write`() throws {
        let worker = try #require(SendScenario.workers(try plan()).first)
        let head = try next(worker).head
        #expect(head.hasPrefix("POST / HTTP/1.1\r\nHost: 127.0.0.1:9324\r\n"))
        #expect(head.contains("\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20231114T221320Z\r\n"))
        let scope = "20231114/us-east-1/sqs/aws4_request"
        #expect(head.contains("\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\(scope), SignedHeaders="))
    }

    @Test func `send sends a message of the size over and over`() throws {
        let worker = try #require(SendScenario.workers(try plan()).first)
        for _ in 1...3 {
            #expect(try next(worker).body["MessageBody"]?.text == String(repeating: "x", count: 20))
            #expect(answer(worker, #"{"MessageId":"1"}"#)?.messages == 1)
        }
    }

    @Test func `send spreads messages to a FIFO queue over the groups, each with an id of its own`() throws {
        let workers = SendScenario.workers(try plan(groups: 3, connections: 2))
        var groups: [String: Int] = [:]
        var ids = Set<String>()
        for worker in workers + workers + workers {
            let body = try next(worker).body
            groups[body["MessageGroupId"]?.text ?? "", default: 0] += 1
            ids.insert(body["MessageDeduplicationId"]?.text ?? "")
        }
        #expect(groups.count == 3)
        #expect(groups.values.allSatisfy { $0 == 2 })
        #expect(ids.count == 6)
    }

    @Test func `send-batch counts ten messages, and none if an entry failed`() throws {
        let worker = try #require(SendBatchScenario.workers(try plan(groups: 100)).first)
        let entries = try #require(try next(worker).body["Entries"]?.array)
        #expect(entries.map { $0["Id"]?.text } == (0..<10).map { "\($0)" })
        #expect(Set(entries.map { $0["MessageGroupId"]?.text }).count == 10)
        #expect(entries.allSatisfy { $0["MessageBody"]?.text?.utf8.count == 20 })
        #expect(answer(worker, #"{"Successful":[{"Id":"0"}]}"#)?.messages == 10)
        #expect(answer(worker, #"{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1"}]}"#) == nil)
    }

    @Test func `the backlog is filled exactly, the last batch with what is missing`() throws {
        let workers = FillScenario.workers(try plan(backlog: 25))
        var sizes: [Int] = []
        for worker in workers.prefix(3) { sizes.append(try #require(try next(worker).body["Entries"]?.array).count) }
        #expect(sizes == [10, 10, 5])
        #expect(workers.allSatisfy { $0.next(at: 0) == nil })
    }

    @Test func `large messages are filled in smaller batches`() throws {
        #expect(FillScenario.batchSize(try plan(messageSize: 1024)) == 10)
        #expect(FillScenario.batchSize(try plan(messageSize: 100_000)) == 2)
        #expect(FillScenario.batchSize(try plan(messageSize: 1_048_576)) == 1)
    }

    @Test func `receive-delete deletes what it received, until all of the backlog has come`() throws {
        let workers = ReceiveDeleteScenario.workers(try plan(connections: 2, backlog: 3))
        #expect(try next(workers[0]).body["MaxNumberOfMessages"]?.integer == 10)
        #expect(answer(workers[0], answer(receiving: [#"a\/b"#, "c"]))?.messages == 2)
        let entries = try #require(try next(workers[0]).body["Entries"]?.array)
        #expect(entries.map { $0["ReceiptHandle"]?.text } == ["a/b", "c"])
        #expect(entries.map { $0["Id"]?.text } == ["0", "1"])
        #expect(try next(workers[1]).body["WaitTimeSeconds"]?.integer == 0)
        #expect(answer(workers[1], "{}")?.messages == 0)
        #expect(try next(workers[1]).body["Entries"] == nil)
        #expect(answer(workers[1], answer(receiving: ["d"]))?.messages == 1)
        #expect(answer(workers[0], #"{"Successful":[{"Id":"0"},{"Id":"1"}]}"#)?.messages == 2)
        #expect(workers[0].next(at: 0) == nil)
        #expect(try next(workers[1]).body["Entries"]?.array?.count == 1)
        #expect(answer(workers[1], #"{"Failed":[{"Id":"0"}]}"#) == nil)
        #expect(workers[1].next(at: 0) == nil)
    }

    @Test func `receives from a FIFO queue wait, and may be left waiting at the end`() throws {
        let worker = try #require(ReceiveDeleteScenario.workers(try plan(groups: 1, backlog: 10)).first)
        #expect(try next(worker).body["WaitTimeSeconds"]?.integer == 20)
        #expect(worker.next(at: 0)?.mayPark == true)
    }

    @Test func `a lifecycle is a send, receives until one brings a message, and its delete`() throws {
        let worker = try #require(LifecycleScenario.workers(try plan()).first)
        for _ in 1...2 {
            #expect(try next(worker).body["MessageBody"] != nil)
            answer(worker, "{}")
            #expect(try next(worker).body["MaxNumberOfMessages"]?.integer == 1)
            #expect(answer(worker, "{}")?.messages == 0)
            #expect(try next(worker).body["MaxNumberOfMessages"]?.integer == 1)
            #expect(answer(worker, answer(receiving: ["handle"]))?.messages == 1)
            #expect(try next(worker).body["ReceiptHandle"]?.text == "handle")
            #expect(answer(worker, "")?.messages == 1)
        }
    }

    @Test func `a step of a lifecycle that came to nothing is done again, except for a delete`() throws {
        let worker = try #require(LifecycleScenario.workers(try plan()).first)
        worker.giveUp()
        #expect(try next(worker).body["MessageBody"] != nil)
        answer(worker, "{}")
        worker.giveUp()
        #expect(try next(worker).body["MaxNumberOfMessages"] != nil)
        answer(worker, answer(receiving: ["handle"]))
        worker.giveUp()
        #expect(try next(worker).body["MessageBody"] != nil)
    }

    @Test func `a long poll is timed from the moment at which its message was due`() throws {
        let workers = LongPollScenario.workers(try plan(connections: 2))
        #expect(workers.map(\.isMeasured) == [false, false, true])
        #expect(try next(workers[0]).body["WaitTimeSeconds"]?.integer == 20)
        let due: Int64 = 1_234_567_890_123_456
        let body = try #require(try next(workers[2], at: due).body["MessageBody"]?.text)
        #expect(body.utf8.count == 20)
        #expect(workers[2].awaitsMore)
        let received = answer(workers[0], answer(receiving: ["handle"], body: body))
        #expect(received?.messages == 1)
        #expect(received?.since == due)
        #expect(!workers[2].awaitsMore)
        #expect(try next(workers[0]).body["ReceiptHandle"]?.text == "handle")
        #expect(answer(workers[0], "")?.messages == 1)
        #expect(answer(workers[0], "{}")?.messages == 0)
    }
}
