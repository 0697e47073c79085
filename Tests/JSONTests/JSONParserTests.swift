import Testing

@testable import JSON

struct JSONParserTests {
    @Test(
        "texts that are JSON",
        arguments: [
            ("null", JSONValue.null), (" true\r\n", .bool(true)), ("\tfalse", .bool(false)),
            ("0", .number(JSONNumber(text: "0"))), ("-0.5e+10", .number(JSONNumber(text: "-0.5e+10"))),
            ("\"\"", .string([])), ("[]", .array([])), ("{}", .object([])), ("[ ]", .array([])), ("{ }", .object([])),
            ("[1 , [ ]]", .array([.number(JSONNumber(text: "1")), .array([])])),
            (" { \"a\" : null } ", .object([JSONMember(key: "a", value: .null)])),
            ("{\"\":\"x\"}", .object([JSONMember(key: "", value: .string([0x78]))])),
        ])
    func accepted(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "texts that are not JSON",
        arguments: [
            ("", JSONError.Reason.unexpectedEnd), (" ", .unexpectedEnd), ("nul", .unexpectedEnd),
            ("nulL", .unexpectedCharacter), ("nullx", .trailingCharacters), ("{} {}", .trailingCharacters),
            ("[1,]", .unexpectedCharacter), ("[,1]", .unexpectedCharacter), ("[1 2]", .unexpectedCharacter),
            ("[1", .unexpectedEnd), ("[1,", .unexpectedEnd), ("{", .unexpectedEnd), ("{\"a\"", .unexpectedEnd),
            ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd), ("{\"a\":1,}", .unexpectedCharacter),
            ("{a:1}", .unexpectedCharacter), ("{'a':1}", .unexpectedCharacter), ("{\"a\" 1}", .unexpectedCharacter),
            ("{1:1}", .unexpectedCharacter), ("+1", .unexpectedCharacter), (".5", .unexpectedCharacter),
            ("-", .unexpectedEnd), ("01", .invalidNumber), ("-01", .invalidNumber), ("1.", .unexpectedEnd),
            ("1.e1", .invalidNumber), ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd), ("1ee1", .invalidNumber),
            ("0x1", .trailingCharacters), ("NaN", .unexpectedCharacter), ("Infinity", .unexpectedCharacter),
            ("\"", .unexpectedEnd), ("\"abcdefgh", .unexpectedEnd), ("\"\\", .unexpectedEnd),
            ("\"\\\"", .unexpectedEnd),
            ("\"\\x\"", .invalidEscape), ("\"\\u12g4\"", .invalidEscape), ("\"\\u12", .unexpectedEnd),
            ("\"\\U0041\"", .invalidEscape), ("\"a\nb\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter),
            ("\u{FEFF}null", .unexpectedCharacter), ("// no\n1", .unexpectedCharacter), ("]", .unexpectedCharacter),
        ])
    func refused(text: String, reason: JSONError.Reason) {
        #expect { try JSONValue(parsing: text) } throws: { ($0 as? JSONError)?.reason == reason }
    }

    @Test(
        "bytes that are not UTF-8",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x22], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF0, 0x9F, 0x98], [0xFF], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for prefix in [[], Array("seven..".utf8), Array("eight...".utf8)] as [[UInt8]] {
            #expect { try JSONValue(parsing: [0x22] + prefix + bytes + [0x22]) } throws: {
                $0 as? JSONError == JSONError(reason: .invalidUTF8, offset: prefix.count + 1)
            }
        }
    }

    @Test(
        "what escapes mean",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""A\u0042C""#, "ABC"), (#""\u00e9\u20AC""#, "é€"),
            (#""\ud83d\uDE00!""#, "😀!"), (#""\u0000""#, "\0"), (#""\\u0041""#, "\\u0041"),
        ])
    func escapes(text: String, meaning: String) throws {
        #expect(try JSONValue(parsing: text).text == meaning)
    }

    @Test(
        "lone surrogates are kept as the bytes of any other code point",
        arguments: [
            (#""\ud800""#, [0xED, 0xA0, 0x80]), (#""\udfff""#, [0xED, 0xBF, 0xBF]),
            (#""\ud800\ud83d\ude00""#, [0xED, 0xA0, 0x80, 0xF0, 0x9F, 0x98, 0x80]),
            (#""\udc00\ud800""#, [0xED, 0xB0, 0x80, 0xED, 0xA0, 0x80]),
            (#""\ud800\n""#, [0xED, 0xA0, 0x80, 0x0A]), (#""\ud800\u0041""#, [0xED, 0xA0, 0x80, 0x41]),
        ] as [(String, [UInt8])])
    func loneSurrogates(text: String, bytes: [UInt8]) throws {
        #expect(try JSONValue(parsing: text).bytes == bytes)
    }

    @Test func `a special byte is found at every distance from the end of a word`() throws {
        for length in 0...70 {
            let clean = String(repeating: "x", count: length)
            #expect(try JSONValue(parsing: "\"\(clean)\"").text == clean)
            #expect(try JSONValue(parsing: "\"\(clean)\\n\(clean)\"").text == "\(clean)\n\(clean)")
            #expect(try JSONValue(parsing: "\"\(clean)é\(clean)\"").text == "\(clean)é\(clean)")
            #expect(throws: JSONError(reason: .controlCharacter, offset: length + 1)) {
                try JSONValue(parsing: "\"\(clean)\u{1F}\(clean)\"")
            }
        }
    }

    @Test func `of repeated keys the last wins`() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#)
        #expect(value["a"]?.integer == 3)
        #expect(value.object?.map(\.key) == ["b", "a"])
    }

    @Test func `of many repeated keys the last wins`() throws {
        let members = (0..<100).map { "\"k\($0 % 50)\":\($0)" }.joined(separator: ",")
        let value = try JSONValue(parsing: "{\(members)}")
        #expect(value.object?.count == 50)
        #expect(value["k7"]?.integer == 57)
    }

    @Test func `keys that only look alike are several`() throws {
        let value = try JSONValue(parsing: "{\"K\":1,\"\u{212A}\":2,\"\u{212B}\":3,\"A\u{30A}\":4}")
        #expect(value.object?.map(\.value.integer) == [1, 2, 3, 4])
    }

    @Test func `there can be only so many values`() throws {
        func list(_ count: Int) -> String { "[" + Array(repeating: "0", count: count - 1).joined(separator: ",") + "]" }
        #expect(try JSONValue(parsing: list(JSONValue.countLimit)).array?.count == JSONValue.countLimit - 1)
        #expect { try JSONValue(parsing: list(JSONValue.countLimit + 1)) } throws: {
            ($0 as? JSONError)?.reason == .tooManyValues
        }
    }

    @Test func `nesting has a limit`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try JSONValue(parsing: nested(JSONValue.depthLimit)).array?.count == 1)
        #expect(throws: JSONError(reason: .tooDeep, offset: JSONValue.depthLimit)) {
            try JSONValue(parsing: nested(JSONValue.depthLimit + 1))
        }
    }

    @Test(
        "whole numbers however they are spelled",
        arguments: [
            ("10", 10), ("-7", -7), ("-0", 0), ("10.0", 10), ("1e1", 10), ("1.5e1", 15), ("150e-1", 15),
            ("-2E+2", -200), ("0.00", 0), ("0e999999999999999999999", 0), ("9223372036854775807", Int.max),
            ("-9223372036854775808", Int.min), ("9223372036854775807.0", Int.max), ("9223372036854775808", nil),
            ("1.5", nil), ("15e-1", nil), ("1e-1", nil), ("1e19", nil), ("1e99999999999999999999", nil),
            ("1e-99999999999999999999", nil), ("1e-9223372036854775808", nil), ("10e-2", nil),
        ] as [(String, Int?)])
    func integers(text: String, value: Int?) throws {
        #expect(try JSONValue(parsing: text).integer == value)
    }

    @Test func `accessors answer only for their own kind`() throws {
        let value = try JSONValue(parsing: #"{"s":"x","n":1,"b":true,"a":[1],"z":null}"#)
        #expect(value["s"]?.text == "x")
        #expect(value["s"]?.integer == nil)
        #expect(value["n"]?.integer == 1)
        #expect(value["n"]?.text == nil)
        #expect(value["b"]?.bool == true)
        #expect(value["a"]?.array?.count == 1)
        #expect(value["z"]?.isNull == true)
        #expect(value["missing"] == nil)
        #expect(value["a"]?["s"] == nil)
    }

    @Test func `values are equal in meaning`() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"b":[2.0]}"#) == JSONValue(parsing: #"{ "b":[2], "a":1e0 }"#))
        #expect(try JSONValue(parsing: "[1,2]") != JSONValue(parsing: "[2,1]"))
        #expect(try JSONValue(parsing: "1.5") != JSONValue(parsing: "2.5"))
        #expect(try JSONValue(parsing: #"{"a":1}"#) != JSONValue(parsing: #"{"a":1,"b":1}"#))
    }
}
