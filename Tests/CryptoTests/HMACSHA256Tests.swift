import Testing

@testable import Crypto

/// HMAC-SHA-256 against the vectors of RFC 4231.
struct HMACSHA256Tests {
    private static let longKey = [UInt8](repeating: 0xaa, count: 131)

    @Test(
        "tags of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                longKey, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func tag(key: [UInt8], message: String, tag: String) {
        #expect(Hex.encode(HMACSHA256.tag(key: key, message: Array(message.utf8))) == tag)
    }

    @Test func `a prepared key serves any number of messages`() {
        let mac = HMACSHA256(key: Array("Jefe".utf8))
        let first = mac.tag(for: Array("one".utf8))
        let second = mac.tag(for: Array("two".utf8))
        #expect(first != second)
        #expect(mac.tag(for: Array("one".utf8)) == first)
        #expect(HMACSHA256.tag(key: Array("Jefe".utf8), message: Array("two".utf8)) == second)
    }

    @Test func `an empty key is a key`() {
        #expect(
            Hex.encode(HMACSHA256.tag(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `bytes are compared whole`() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    }
}
