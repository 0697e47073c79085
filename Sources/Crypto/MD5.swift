/// MD5, which SQS uses to let clients check bodies and attributes. It protects nothing here.
package enum MD5 {
    private static let algorithm = DigestAlgorithm("MD5", byteCount: 16)

    /// The 16 bytes of the digest of `bytes`.
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        algorithm.digest { $0.update(bytes) }
    }
}
