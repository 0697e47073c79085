import CCrypto
import Glibc

/// One hash function of libcrypto, with a context kept for each thread that uses it.
///
/// Creating a context and looking the algorithm up by name cost more than hashing a short message, so both are done
/// once: the algorithm for the process, the context for the thread.
final class DigestAlgorithm: @unchecked Sendable {  // immutable after init; contexts never leave their thread
    private let algorithm: OpaquePointer
    private let byteCount: Int
    private var contextKey = pthread_key_t()

    init(_ name: String, byteCount: Int) {
        guard let algorithm = EVP_MD_fetch(nil, name, nil) else { preconditionFailure("libcrypto lacks \(name)") }
        self.algorithm = algorithm
        self.byteCount = byteCount
        let status = pthread_key_create(&contextKey) { EVP_MD_CTX_free(OpaquePointer($0)) }
        precondition(status == 0, "no thread-specific storage left")
    }

    /// The digest of what `feed` puts into the hasher.
    func digest(_ feed: (borrowing DigestInput) -> Void) -> [UInt8] {
        let context = threadContext()
        // Without an algorithm the context starts over with the one it has. Given the same one again it would lock it
        // and take new memory for its state. Only a failure to allocate can make these calls fail.
        precondition(EVP_DigestInit_ex2(context, nil, nil) == 1, "cannot start a digest")
        feed(DigestInput(context: context))
        return [UInt8](count: byteCount) { digest in
            precondition(EVP_DigestFinal_ex(context, digest.baseAddress, nil) == 1, "cannot finish a digest")
        }
    }

    private func threadContext() -> OpaquePointer {
        if let kept = pthread_getspecific(contextKey) { return OpaquePointer(kept) }
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, algorithm, nil) == 1 else {
            preconditionFailure("out of memory")
        }
        pthread_setspecific(contextKey, UnsafeRawPointer(context))
        return context
    }
}

/// Where the bytes to be hashed go, piece by piece.
package struct DigestInput: ~Copyable {
    fileprivate let context: OpaquePointer

    package func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "cannot continue a digest")
    }

    package func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    package func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }
}
