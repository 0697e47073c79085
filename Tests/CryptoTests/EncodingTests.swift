import Testing

@testable import Crypto

struct EncodingTests {
    @Test(
        "base64 of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test func `every byte value survives base64`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test(
        "text that no encoder writes is not base64",
        arguments: ["Zg", "Zg=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm-_", "=Zg=", "Zg==Zg==", "Zh=="])
    func notBase64(text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }

    @Test func `hexadecimal digits go both ways`() {
        #expect(Hex.encode([0x00, 0x9f, 0xff]) == "009fff")
        #expect(Hex.decode("009fFF") == [0x00, 0x9f, 0xff])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
        #expect(Hex.decode("é") == nil)
    }
}
