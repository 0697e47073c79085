import Testing

@testable import SQSProtocol

struct FormParametersTests {
    private func pairs(_ text: String) throws -> [String] {
        var form = FormParameters()
        try form.append(Array(text.utf8))
        return form.pairs.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
    }

    @Test(
        "how form-encoded text is read",
        arguments: [
            ("", []), ("&&", []), ("a", ["a="]), ("a=", ["a="]), ("=b", ["=b"]), ("a=b=c", ["a=b=c"]),
            ("a=1&b=2", ["a=1", "b=2"]), ("a+b=c+d", ["a b=c d"]), ("a=%2B%20%26%3d", ["a=+ &="]),
            ("%41=%c3%A9", ["A=é"]), ("a=%", ["a=%"]), ("a=%4", ["a=%4"]), ("a=%zz%41", ["a=%zzA"]),
            ("a=\u{1D4B3}", ["a=\u{1D4B3}"]), ("a=%0D%0A", ["a=\r\n"]),
        ] as [(String, [String])])
    func reading(text: String, pairs: [String]) throws {
        #expect(try self.pairs(text) == pairs)
    }

    @Test func `the body wins over the query string`() throws {
        var form = FormParameters()
        try form.append(Array("a=query&b=query".utf8))
        try form.append(Array("a=body".utf8))
        #expect(form["a"] == Array("body".utf8))
        #expect(form["b"] == Array("query".utf8))
        #expect(form["c"] == nil)
    }

    @Test("values must be UTF-8", arguments: ["a=%ff", "a=%ED%A0%80", "a=%C3"])
    func invalidUTF8(text: String) {
        #expect(throws: WireError.serialization("Parameters must be encoded in UTF-8.")) { try pairs(text) }
    }

    @Test func `there can be only so many parameters`() throws {
        let most = Array(repeating: "a=b", count: FormParameters.countLimit)
        #expect(try pairs(most.joined(separator: "&")).count == FormParameters.countLimit)
        #expect {
            try pairs((most + ["a=b"]).joined(separator: "&"))
        } throws: {
            ($0 as? WireError)?.kind == .malformedQueryString
        }
    }
}
