import CCrypto

/// HMAC-SHA-256 under one key, prepared once and used for many messages.
///
/// For one thread only: the prepared context is reused from call to call.
package final class HMACSHA256 {
    /// Bytes in a tag.
    package static let tagByteCount = 32

    private let context: OpaquePointer

    /// Prepares `key`, which may have any length.
    package init(key: [UInt8]) {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("libcrypto lacks HMAC")
        }
        EVP_MAC_free(algorithm)  // the context holds its own reference
        self.context = context
        Self.prepare(context, key: key)
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// The 32-byte tag of `message`.
    package func tag(for message: [UInt8]) -> [UInt8] {
        [UInt8](count: Self.tagByteCount) { tag in
            message.withUnsafeBytes { writeTag(for: $0, to: tag) }
        }
    }

    /// Writes the tag of `message` to the first 32 bytes of `tag`.
    package func writeTag(for message: UnsafeRawBufferPointer, to tag: UnsafeMutableRawBufferPointer) {
        precondition(tag.count >= Self.tagByteCount)
        // Without a key EVP_MAC_init starts over with the one already prepared (EVP_MAC(3)).
        let done =
            EVP_MAC_init(context, nil, 0, nil) == 1
            && EVP_MAC_update(context, message.baseAddress, message.count) == 1
            && EVP_MAC_final(context, tag.baseAddress, nil, tag.count) == 1
        precondition(done, "cannot compute an HMAC")
    }

    /// The 32-byte tag of `message` under a key that is used only once.
    package static func tag(key: [UInt8], message: [UInt8]) -> [UInt8] {
        HMACSHA256(key: key).tag(for: message)
    }

    private static func prepare(_ context: OpaquePointer, key: [UInt8]) {
        // A parameter holds pointers to its name and its value, which must live until they are read.
        let parameterName = Array("digest".utf8CString)
        var digestName = Array("SHA256".utf8CString)
        // A nil key would mean "keep the old one", so an empty key is passed as a pointer to no bytes.
        let keyBytes = key.isEmpty ? [0] : key
        let status = parameterName.withUnsafeBufferPointer { parameterName in
            digestName.withUnsafeMutableBufferPointer { digestName in
                let parameters = [
                    OSSL_PARAM_construct_utf8_string(parameterName.baseAddress, digestName.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_init(context, keyBytes, key.count, parameters)
            }
        }
        precondition(status == 1, "cannot prepare an HMAC key")
    }
}
