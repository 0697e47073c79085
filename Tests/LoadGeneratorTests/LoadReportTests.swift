import JSON
import Testing

@testable import LoadGenerator

@Suite struct LoadReportTests {
    private func report(
        _ scenario: ScenarioName, backlog: Int? = nil, rate: Double? = nil, record: (Recorder) -> Void = { _ in }
    ) throws -> LoadReport {
        var settings = LoadSettings(endpoint: try Endpoint("http://127.0.0.1:9324"), scenario: scenario)
        (settings.backlog, settings.rate) = (backlog, rate)
        let recorder = Recorder(start: 0, end: 2_000_000_000)
        record(recorder)
        return LoadReport(
            settings, scenario.scenario, recorder, wasExhausted: false, notSent: rate == nil ? nil : 3,
            clientCPU: 0.25)
    }

    @Test func `the JSON tells the settings, the throughput and the times`() throws {
        let report = try report(.receiveDelete, backlog: 100) { recorder in
            for number in Int64(1)...100 {
                recorder.record(
                    .receiveMessage, begun: 0, answered: number * 1_000_000, messages: 10, isTimed: true)
            }
            recorder.record(.deleteMessageBatch, begun: 0, answered: 500_000_000, messages: 9, isTimed: true)
        }
        let json = try JSONValue(parsing: report.json)
        #expect(json["scenario"]?.text == "receive-delete")
        #expect(json["backlog"]?.integer == 100)
        #expect(json["backlog_exhausted"]?.bool == false)
        #expect(json["requests"]?.integer == 101)
        #expect(json["messages"]?.integer == 9)
        #expect(json["seconds"]?.integer == 2)
        #expect(json["rate"] == nil)
        #expect(json["latency_ms"]?["max"]?.integer == 500)
        #expect(json["actions"]?["ReceiveMessage"]?["latency_ms"]?["max"]?.integer == 100)
        #expect(json["actions"]?["ReceiveMessage"]?["messages"]?.integer == 1000)
        #expect(report.json.contains(#""requests_per_second":50.5,"messages_per_second":4.5,"#))
        #expect(report.json.hasSuffix(#""client_cpu":0.25}"#))
    }

    @Test func `at a fixed rate the JSON says that times are corrected`() throws {
        let json = try JSONValue(parsing: report(.send, rate: 100).json)
        #expect(json["rate"]?.integer == 100)
        #expect(json["corrected"]?.bool == true)
        #expect(json["not_sent"]?.integer == 3)
        #expect(json["requests"]?.integer == 0)
    }

    @Test func `the columns of the table stand under each other`() throws {
        let report = try report(.lifecycle) { recorder in
            recorder.record(.sendMessage, begun: 0, answered: 1_234_567_891, messages: 1, isTimed: true)
            recorder.record(.deleteMessage, begun: 0, answered: 1_000, messages: 1, isTimed: true)
        }
        let table = report.text.split(separator: "\n", omittingEmptySubsequences: false)[2...5]
        #expect(Set(table.map(\.count)).count == 1)
        #expect(table.map { $0.prefix(13) } == ["             ", "SendMessage  ", "DeleteMessage", "all          "])
        #expect(table.last?.contains("1,234.568") == true)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func `large numbers have commas`(number: Int, text: String) {
        #expect(NumberText.grouped(number) == text)
    }

    @Test(arguments: [(0.0, "0.000"), (0.0004, "0.000"), (0.0005, "0.001"), (1234.5, "1,234.500"), (2.05, "2.050")])
    func `numbers are rounded to the last place`(number: Double, text: String) {
        #expect(NumberText.fixed(number, places: 3) == text)
    }

    @Test func `settings that make no sense together are refused`() throws {
        var settings = LoadSettings(endpoint: try Endpoint("http://a"), scenario: .longPoll)
        #expect(settings.problem == nil)
        settings.messageSize = 15
        #expect(settings.problem?.contains("--message-size 16") == true)
        settings.messageSize = 16
        settings.groups = 1
        #expect(settings.problem?.contains("--groups") == true)
        settings.scenario = .receiveDelete
        #expect(settings.problem == nil)
        settings.backlog = 0
        #expect(settings.problem?.contains("--backlog") == true)
    }
}
