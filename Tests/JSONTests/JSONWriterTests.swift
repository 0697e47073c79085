import Testing

@testable import JSON

struct JSONWriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `commas come where they belong`() {
        let text = written {
            $0.beginObject()
            $0.key("a")
            $0.integer(-1)
            $0.key("b")
            $0.beginArray()
            $0.string("x")
            $0.bool(true)
            $0.null()
            $0.beginObject()
            $0.endObject()
            $0.beginArray()
            $0.endArray()
            $0.endArray()
            $0.key("c")
            $0.plainString { $0.append(contentsOf: "YQ==".utf8) }
            $0.endObject()
        }
        #expect(text == #"{"a":-1,"b":["x",true,null,{},[]],"c":"YQ=="}"#)
    }

    @Test(
        "what is escaped and what is not",
        arguments: [
            ("", #""""#), ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\u{8}\u{9}\u{a}\u{c}\u{d}", #""\b\t\n\f\r""#),
            ("\u{0}\u{1}\u{1f}", #""\u0000\u0001\u001f""#),
            ("\u{7f}é€😀", "\"\u{7f}é€😀\""), ("ends in :", "\"ends in :\""),
        ])
    func escapes(text: String, json: String) {
        #expect(written { $0.string(text) } == json)
        #expect(written { $0.string(Array(text.utf8)) } == json)
    }

    @Test func `a string that ends like an opening bracket does not swallow the comma`() {
        #expect(
            written { writer in
                writer.beginArray()
                for text in ["{", "[", ":", ","] { writer.string(text) }
                writer.endArray()
            } == #"["{","[",":",","]"#)
    }

    @Test(arguments: [(0.0, "[0.0,1]"), (-0.125, "[-0.125,1]"), (1e300, "[1e+300,1]")])
    func `numbers with a fraction are written as they are`(number: Double, json: String) throws {
        let text = written {
            $0.beginArray()
            $0.number(number)
            $0.integer(1)
            $0.endArray()
        }
        #expect(text == json)
        _ = try JSONValue(parsing: text)
    }

    @Test func `what is written reads back the same`() throws {
        let text = #"{"a":[1,-2.50e3,"x\ny",{"b":null,"c":true}],"":"\ud83d\ude00"}"#
        let value = try JSONValue(parsing: text)
        var writer = JSONWriter()
        writer.value(value)
        #expect(try JSONValue(parsing: writer.bytes) == value)
        let rewritten = #"{"a":[1,-2.50e3,"x\ny",{"b":null,"c":true}],"":"😀"}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == rewritten)
    }
}
