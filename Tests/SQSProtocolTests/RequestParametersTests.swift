import JSON
import QueueModel
import Testing

@testable import SQSProtocol

struct RequestParametersTests {
    private func parameters(_ json: String, in wireProtocol: WireProtocol = .json) throws -> RequestParameters {
        RequestParameters(try #require(try JSONValue(parsing: json).object), in: wireProtocol)
    }

    @Test func `what is absent, null or unknown is no error`() throws {
        let parameters = try parameters(#"{"A":null,"B":"x"}"#)
        #expect(try parameters.string("A") == nil)
        #expect(try parameters.integer("A") == nil)
        #expect(try parameters.blob("A") == nil)
        #expect(try parameters.stringList("A") == [])
        #expect(try parameters.stringMap("A").isEmpty)
        #expect(try parameters.structureList("A", entryName: "Entry") == nil)
        #expect(try parameters.structureMap("A").isEmpty)
        #expect(try parameters.string("C") == nil)
        #expect(try parameters.string("B") == "x")
    }

    @Test func `every kind of member can be read`() throws {
        let parameters = try parameters(
            #"{"S":"é","I":5,"F":5.0,"B":"AQID","L":["a",null,"b"],"M":{"k":"v","n":null},"E":[{"Id":"1"},{"Id":"2"}]}"#
        )
        #expect(try parameters.bytes("S") == [0xC3, 0xA9])
        #expect(try parameters.requiredString("S") == "é")
        #expect(try parameters.integer("I") == 5)
        #expect(try parameters.integer("F") == 5)
        #expect(try parameters.requiredInteger("I") == 5)
        #expect(try parameters.blob("B") == [1, 2, 3])
        #expect(try parameters.stringList("L") == ["a", "b"])
        #expect(try parameters.stringMap("M").map { "\($0.key)=\($0.value)" } == ["k=v"])
        let entries = try #require(try parameters.structureList("E", entryName: "Entry"))
        #expect(try entries.map { try $0.requiredString("Id") } == ["1", "2"])
    }

    @Test func `a list that the Query protocol leaves out is empty`() throws {
        let parameters = try parameters("{}", in: .query)
        #expect(try parameters.structureList("Entries", entryName: "Entry")?.isEmpty == true)
        #expect(throws: QueueError.emptyBatch(entryType: "Entry")) { try parameters.batchEntries("Entry") }
    }

    @Test func `a lone surrogate is left for the check of characters`() throws {
        #expect(try parameters(#"{"MessageBody":"\ud800"}"#).requiredBytes("MessageBody") == [0xED, 0xA0, 0x80])
    }

    @Test(
        "a required parameter is missing when absent, null or empty", arguments: ["{}", #"{"P":null}"#, #"{"P":""}"#])
    func missing(json: String) throws {
        let parameters = try parameters(json)
        #expect(throws: WireError.missingParameter("P")) { try parameters.requiredString("P") }
        #expect(throws: WireError.missingParameter("P")) { try parameters.requiredBytes("P") }
    }

    @Test func `what is missing in an entry is named with the entry`() throws {
        let entries = try parameters(#"{"Entries":[{"Id":"a"},{"Id":"b"}]}"#)
            .structureList("Entries", entryName: "SendMessageBatchRequestEntry")
        #expect(throws: WireError.missingParameter("SendMessageBatchRequestEntry.2.MessageBody")) {
            try entries?.last?.requiredBytes("MessageBody")
        }
        #expect(throws: WireError.missingParameter("SendMessageBatchRequestEntry.1.VisibilityTimeout")) {
            try entries?.first?.requiredInteger("VisibilityTimeout")
        }
    }

    enum Kind: Sendable { case string, integer, list, map, entries, structures }

    @Test(
        "a value of another type",
        arguments: [
            (.string, "{}", "Start of structure or map found where not expected."),
            (.string, "[]", "Start of list found where not expected"),
            (.string, "1", "NUMBER_VALUE can not be converted to a String"),
            (.string, "true", "TRUE_VALUE can not be converted to a String"),
            (.string, "false", "FALSE_VALUE can not be converted to a String"),
            (.integer, #""10""#, "STRING_VALUE can not be converted to an Integer"),
            (.integer, "true", "TRUE_VALUE can not be converted to an Integer"),
            (.integer, "1.5", "NUMBER_VALUE can not be converted to an Integer"),
            (.integer, "99999999999999999999", "NUMBER_VALUE can not be converted to an Integer"),
            (.integer, "{}", "Start of structure or map found where not expected."),
            (.list, #""a""#, "STRING_VALUE can not be converted to a List"),
            (.list, "{}", "Start of structure or map found where not expected."),
            (.list, "[1]", "NUMBER_VALUE can not be converted to a String"),
            (.map, "[]", "Start of list found where not expected"),
            (.map, #"{"k":1}"#, "NUMBER_VALUE can not be converted to a String"),
            (.map, #"{"k":{}}"#, "Start of structure or map found where not expected."),
            (.entries, #"["a"]"#, "STRING_VALUE can not be converted to a Structure"),
            (.structures, #"{"k":"v"}"#, "STRING_VALUE can not be converted to a Structure"),
        ] as [(Kind, String, String)])
    func mismatch(kind: Kind, value: String, message: String) throws {
        let parameters = try parameters("{\"P\":\(value)}")
        #expect(throws: WireError.serialization(message)) {
            switch kind {
            case .string: _ = try parameters.string("P")
            case .integer: _ = try parameters.integer("P")
            case .list: _ = try parameters.stringList("P")
            case .map: _ = try parameters.stringMap("P")
            case .entries: _ = try parameters.structureList("P", entryName: "Entry")
            case .structures: _ = try parameters.structureMap("P")
            }
        }
    }

    @Test func `whole numbers are text in the Query protocol`() throws {
        let parameters = try parameters(#"{"A":"10","B":"-1","C":"","D":"x"}"#, in: .query)
        #expect(try parameters.integer("A") == 10)
        #expect(try parameters.integer("B") == -1)
        #expect(try parameters.integer("C") == nil)
        #expect(throws: WireError.invalidParameterValue("x", for: "D", reason: "Must be an integer.")) {
            try parameters.integer("D")
        }
    }

    @Test func `bytes must be base64`() throws {
        #expect(throws: WireError.serialization("BinaryValue is not valid base64.")) {
            try parameters(#"{"BinaryValue":"?"}"#).blob("BinaryValue")
        }
    }
}
