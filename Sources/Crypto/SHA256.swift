/// SHA-256, as signatures and content-based deduplication need it.
package enum SHA256 {
    private static let algorithm = DigestAlgorithm("SHA256", byteCount: 32)

    /// The 32 bytes of the digest of `bytes`.
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        digest { $0.update(bytes) }
    }

    /// The 32 bytes of the digest of all the pieces that `feed` puts in.
    package static func digest(_ feed: (borrowing DigestInput) -> Void) -> [UInt8] {
        algorithm.digest(feed)
    }

    /// The digest of `bytes` as 64 lower-case hexadecimal digits.
    package static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        hexDigest { $0.update(bytes) }
    }

    /// The digest of `bytes` as 64 lower-case hexadecimal digits.
    package static func hexDigest(of bytes: [UInt8]) -> String {
        hexDigest { $0.update(bytes) }
    }

    /// The digest of all the pieces that `feed` puts in, as 64 lower-case hexadecimal digits.
    package static func hexDigest(_ feed: (borrowing DigestInput) -> Void) -> String {
        Hex.encode(algorithm.digest(feed))
    }
}
