/// MD5, which SQS uses to let clients check bodies and attributes. It protects nothing here.
package enum MD5 {
    private static let algorithm = DigestAlgorithm("MD5", byteCount: 16)

    /// The digest of `bytes` as 32 lower-case hexadecimal digits.
    package static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        hexDigest { $0.update(bytes) }
    }

    /// The digest of `bytes` as 32 lower-case hexadecimal digits.
    package static func hexDigest(of bytes: [UInt8]) -> String {
        hexDigest { $0.update(bytes) }
    }

    /// The digest of all the pieces that `feed` puts in, as 32 lower-case hexadecimal digits.
    package static func hexDigest(_ feed: (borrowing DigestInput) -> Void) -> String {
        Hex.encode(algorithm.digest(feed))
    }

    /// The 16 bytes of the digest of `bytes`.
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        algorithm.digest { $0.update(bytes) }
    }
}
