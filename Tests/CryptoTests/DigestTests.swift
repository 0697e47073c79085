import Testing

@testable import Crypto

/// Digests against published vectors: RFC 1321, FIPS 180-4, and the bodies of the SQS reference.
struct DigestTests {
    @Test(
        "MD5 of the published texts",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("hello", "5d41402abc4b2a76b9719d911017c592"),
            ("This is a test message", "fafb00f5732ab283681e124bf8747ed1"),
            ("Hello, Wörld ✓", "2a2d0e61ff7e200ec80070a9256b836e"),
            ("\u{1D4B3}\n\t", "65f95c503d137896d0377f41ef5d8f94"),
        ])
    func md5(text: String, digest: String) {
        #expect(Hex.encode(MD5.digest(of: Array(text.utf8))) == digest)
    }

    @Test(
        "SHA-256 of the published texts",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, digest: String) {
        #expect(SHA256.hexDigest(of: Array(text.utf8)) == digest)
        #expect(Hex.encode(SHA256.digest(of: Array(text.utf8))) == digest)
    }

    @Test func `pieces hash to the same as the whole`() {
        let whole = SHA256.hexDigest(of: Array("hello world".utf8))
        let pieces = SHA256.hexDigest { input in
            input.update("hello")
            input.update(Array(" ".utf8))
            input.update("")
            input.update("world")
        }
        #expect(pieces == whole)
    }

    @Test func `a digest within a digest of the other kind leaves both right`() {
        let outer = SHA256.hexDigest { input in input.update(Hex.encode(MD5.digest(of: Array("a".utf8)))) }
        #expect(outer == SHA256.hexDigest(of: Array("0cc175b9c0f1b6a831c399e269772661".utf8)))
    }
}
