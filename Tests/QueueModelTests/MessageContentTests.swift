import Crypto
import Testing

@testable import QueueModel

/// Characters, attributes, sizes and digests of messages. Reference: 3.1 to 3.3, 3.5.
struct MessageContentTests {
    private static func utf8(_ scalar: UInt32) -> [UInt8] {
        // By hand, for the values that are no characters too.
        switch scalar {
        case 0..<0x80: [UInt8(scalar)]
        case 0x80..<0x800: [UInt8(0xc0 | scalar >> 6), UInt8(0x80 | scalar & 63)]
        case 0x800..<0x10000:
            [UInt8(0xe0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 63), UInt8(0x80 | scalar & 63)]
        default:
            [
                UInt8(0xf0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 63), UInt8(0x80 | scalar >> 6 & 63),
                UInt8(0x80 | scalar & 63),
            ]
        }
    }

    // MARK: Characters

    @Test(
        "characters that pass, wherever they stand",
        arguments: [
            0x9, 0xa, 0xd, 0x20, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfdd0, 0xffef, 0xfffd,
            0x10000, 0x1fffe, 0x1d4b3, 0x10ffff,
        ] as [UInt32])
    func valid(scalar: UInt32) {
        for length in 0...70 { #expect(MessageContent.isValid(embedded(scalar, at: length))) }
    }

    @Test(
        "characters that do not pass, wherever they stand",
        arguments: [
            0x0, 0x1, 0x8, 0xb, 0xc, 0xe, 0x1f, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffe, 0xffff,
        ] as [UInt32])
    func invalid(scalar: UInt32) {
        for length in 0...70 { #expect(!MessageContent.isValid(embedded(scalar, at: length))) }
    }

    /// A character after so many others and before some.
    private func embedded(_ scalar: UInt32, at length: Int) -> [UInt8] {
        [UInt8](repeating: 0x61, count: length) + Self.utf8(scalar) + [UInt8](repeating: 0x7a, count: 70 - length)
    }

    @Test func `every byte below a space is told apart in every place of 32`() {
        for byte in UInt8(0)...0x7f {
            let passes = byte >= 0x20 || [0x9, 0xa, 0xd].contains(byte)
            for index in 0..<32 {
                var bytes = [UInt8](repeating: 0x20, count: 32)
                bytes[index] = byte
                #expect(MessageContent.isValid(bytes) == passes, "\(byte) at \(index)")
            }
        }
    }

    @Test func `nothing is valid too: that a body must not be empty is another rule`() {
        #expect(MessageContent.isValid([]))
    }

    // MARK: Attributes

    private func attribute(
        _ name: String, _ type: String?, text: String? = nil, bytes: [UInt8]? = nil, lists: Bool = false
    ) throws -> MessageAttribute {
        let unchecked = MessageAttribute.Unchecked(
            dataType: type, stringValue: text.map { Array($0.utf8) }, binaryValue: bytes, hasListValues: lists)
        return try MessageAttribute(name: name, checking: unchecked)
    }

    private func expectRefusal(_ message: String, _ body: () throws -> MessageAttribute) {
        #expect(throws: QueueError.invalidParameter(message)) { try body() }
    }

    @Test(
        "names that pass",
        arguments: [
            "a", "A9", "a.b", "a-b", "a_b", "-", "_", "ß", "ä.ø", "名前", "Amazon", "AWS", "awsome.x", "xAWS.y",
            String(repeating: "n", count: 256),
        ])
    func goodName(name: String) throws {
        #expect(try attribute(name, "String", text: "x").name == name)
    }

    @Test(
        "names that do not pass",
        arguments: [
            ("", "The request must contain non-empty message (user) attribute names."),
            (String(repeating: "n", count: 257), "Message (user) attribute name must be shorter than 256 bytes."),
            ("AWS.x", reserved), ("aws.x", reserved), ("Amazon.x", reserved), ("aMaZoN.x", reserved),
            (".a", "Message (user) attribute name must not begin with character '.'."),
            ("a.", "Message (user) attribute name must not end with character '.'."),
            ("a..b", "Message (user) attribute name must not have successive '.' characters."),
            ("a!", wrongCharacters("a!")), ("a\"", wrongCharacters("a\"")), ("§", wrongCharacters("§")),
            ("(", wrongCharacters("(")), ("a b", wrongCharacters("a b")), ("a?", wrongCharacters("a?")),
        ])
    func badName(name: String, message: String) {
        expectRefusal(message) { try attribute(name, "String", text: "x") }
    }

    private static let reserved =
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for "
        + "internal use."

    private static func wrongCharacters(_ name: String) -> String {
        "Invalid characters found in the name of message (user) attribute '\(name)'."
    }

    @Test(
        "types keep their suffix",
        arguments: [
            "String", "String.Array", "String.", "String.a.b", "String.\u{301}",
            "String.\(String(repeating: "x", count: 249))",
        ])
    func goodType(type: String) throws {
        #expect(try attribute("a", type, text: "x").dataType == type)
    }

    @Test(
        "types that do not pass",
        arguments: [
            (nil, "The message (user) attribute 'a' must contain a non-empty message attribute type."),
            ("", "The message (user) attribute 'a' must contain a non-empty message attribute type."),
            (
                "String." + String(repeating: "x", count: 250),
                "Message (user) attribute type must be shorter than 256 bytes."
            ),
            ("string", wrongType), ("Strings", wrongType), ("Number1", wrongType), (".String", wrongType),
            ("StringList", wrongType), ("Boolean", wrongType),
        ])
    func badType(type: String?, message: String) {
        expectRefusal(message) { try attribute("a", type, text: "1") }
    }

    private static let wrongType =
        "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: "
        + "Binary, Number, String."

    @Test func `the value must be there, alone, in the field of its type, and not empty`() throws {
        expectRefusal("The message (user) attribute 'a' must contain a non-empty message attribute value.") {
            try attribute("a", "String")
        }
        expectRefusal("The message (user) attribute 'a' must have a single value.") {
            try attribute("a", "String", text: "x", bytes: [1])
        }
        expectRefusal("The message (user) attribute 'a' with type 'Binary.png' must use field 'Binary'.") {
            try attribute("a", "Binary.png", text: "x")
        }
        for type in ["String", "Number.int"] {
            expectRefusal("The message (user) attribute 'a' with type '\(type)' must use field 'String'.") {
                try attribute("a", type, bytes: [1])
            }
        }
        expectRefusal("Message (user) attribute 'a' must contain a non-empty value of type 'String'.") {
            try attribute("a", "String", text: "")
        }
        expectRefusal("Message (user) attribute 'a' must contain a non-empty value of type 'Binary'.") {
            try attribute("a", "Binary", bytes: [])
        }
        #expect(try attribute("a", "Binary", bytes: [0]).value == .binary([0]))
    }

    @Test func `list values are not supported`() {
        #expect(
            throws: QueueError.unsupportedOperation(
                message: "Message attribute list values in SendMessage operation are not supported.")
        ) { try attribute("a", "String", text: "x", lists: true) }
    }

    @Test func `characters that no body may hold are refused in text, as a parameter`() {
        #expect {
            try attribute("a", "String", text: "\u{1}")
        } throws: { error in
            if case .invalidParameter = error as? QueueError { true } else { false }
        }
    }

    // MARK: Numbers

    @Test(
        "numbers",
        arguments: [
            "0", "-0", "+1", "1493147359900", "99.12", "007.50", ".5", "5.", "1e3", "1E+3", "1.5e-3", "-1e-128",
            "1e126",
            "0.0000000000000000000000000000000000000001", "12345678901234567890123456789012345678",
            "1234567890123456789012345678901234567800", "0e999", "1" + String(repeating: "0", count: 126),
        ])
    func number(text: String) throws {
        #expect(try attribute("n", "Number", text: text).value == .text(Array(text.utf8)))
    }

    @Test(
        "what is no number, or none that fits",
        arguments: [
            "x", " ", "1 ", " 1", "1,5", "1.2.3", "-", "+", ".", "e5", "1e", "1e+", "1e5.0", "--1", "0x10", "NaN",
            "Infinity", "1e127", "1e-129", "1e9999999", "123456789012345678901234567890123456789", "١",
        ])
    func noNumber(text: String) {
        expectRefusal("Can't cast the value of message (user) attribute 'n' to a number.") {
            try attribute("n", "Number", text: text)
        }
    }

    // MARK: Size and digests

    @Test func `the size of an attribute is that of its name, full type and value`() throws {
        let color = try attribute("color", "String", text: "blue")
        #expect("hello".utf8.count + color.size == 20)
        #expect(try attribute("ä", "Binary.png", bytes: [1, 2, 3]).size == 2 + 10 + 3)
    }

    private static func text(_ name: String, _ value: String, type: String = "String") -> MessageAttribute {
        MessageAttribute(name: name, dataType: type, value: .text(Array(value.utf8)))
    }

    private static func binary(_ name: String, _ value: [UInt8], type: String = "Binary") -> MessageAttribute {
        MessageAttribute(name: name, dataType: type, value: .binary(value))
    }

    private static let vectors: [([MessageAttribute], String)] = [
        ([text("color", "blue")], "da1b33cc3cbfe8b1630921e78e6b9880"),
        (
            [text("count", "3", type: "Number"), text("color", "blue"), binary("blob", [1, 2, 3])],
            "d838729972a4b70e2d2acd9d59ac847c"
        ),
        ([text("k", "x")], "a45daa70926828a2f0a1db3418e6feb4"),
        ([text("Foo", "Bar")], "ae7155c6026991b6d54b11589678bf9c"),
        ([text("MyAttribute", "foobar")], "adb59cd4678ea5a855436b949cd07ab6"),
        ([text("Hello", "World")], "7db7fb1ba7f41366a8ea5eb18220b26d"),
        ([text("timestamp", "1493147359900", type: "Number")], "235c5c510d26fb653d073faed50ae77c"),
        ([text("attr1", "99.12", type: "Number")], "d302007e9aa062660afc85fd0a482472"),
        (
            [text("attr1", "99.12", type: "Number"), text("attr2", "109.12", type: "Number")],
            "9b720b3af309c1c4b0d395c53b08c502"
        ),
        (
            [text("UserId", "1234567890123456789012", type: "Number.bigint")], "797ab158d73dcb5242dedc4412c8e855"
        ),
        ([text("n", "007.50", type: "Number")], "f3b4c310e443ce8f77fca1459bf78e85"),
        ([text("n", "7.5", type: "Number")], "682d7c64da600b523b15be976456f788"),
        (
            [text("color", "blue"), text("tags", "[\"a\",\"b\"]", type: "String.Array")],
            "56a5bee3ed610a27fd04b2b195aee70b"
        ),
        (
            [binary("img", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], type: "Binary.png")],
            "432b2140e9c8eb63a0fc8d0adf0f3fe6"
        ),
        ([text("name", "Zoë ✓")], "5734a1b465b2bdd406e0a3eaa6ff937e"),
        (
            [text("b", "1"), text("B", "2"), text("a.b", "3"), text("a", "4"), text("ä", "5")],
            "e7c253f0be5235298eff4e16fb5d92c8"
        ),
        (
            [text("AWSTraceHeader", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")],
            "5ae4d5d7636402d80f4eb6d213245a88"
        ),
        ([text("AWSTraceHeader", "some-trace-id")], "fdce4f2818803f2f73becc09a54792c0"),
        (
            [text("Help.Me", "Me"), text("Hello", "There"), text("General", "Kenobi")],
            "4c360f3fdafd970e05fae2f149d997f5"
        ),
        ([text("General", "Kenobi"), text("Hello", "There")], "fca026605781cb4126a1e9044df24232"),
        ([text("Hello", "There"), text("Help.Me", "Me")], "83fee93c1bcd8b9a5a923ffacdc636c7"),
        ([text("Hello", "There")], "a311262e065454b75da111d535b8dacd"),
        (
            [
                binary(
                    "attr1",
                    Array("traceparent".utf8) + [0x1e]
                        + Array("00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01".utf8))
            ], "8cbe4db156db8a94db8b801b7addb984"
        ),
    ]

    @Test("the MD5 of attributes is that of the reference", arguments: vectors)
    func digest(attributes: [MessageAttribute], md5: String) {
        #expect(Hex.encode(MD5.digest(of: MessageAttributeEncoding.encode(attributes))) == md5)
        #expect(Hex.encode(MD5.digest(of: MessageAttributeEncoding.encode(attributes.reversed()))) == md5)
    }

    @Test("what is encoded can be decoded, in the order of the names", arguments: vectors)
    func decoded(attributes: [MessageAttribute], md5: String) {
        let sorted = attributes.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
        #expect(MessageAttributeEncoding.decode(MessageAttributeEncoding.encode(attributes)) == sorted)
    }

    @Test func `damaged encodings are noticed`() {
        let encoded = MessageAttributeEncoding.encode([Self.text("color", "blue")])
        #expect(MessageAttributeEncoding.decode([]) == [])
        for count in 1..<encoded.count { #expect(MessageAttributeEncoding.decode(Array(encoded.prefix(count))) == nil) }
        #expect(MessageAttributeEncoding.decode([0xff, 0xff, 0xff, 0xff, 1]) == nil)
    }
}
