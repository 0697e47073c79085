import Crypto
import QueueModel

/// Turns receipt handles into the text clients hold, and back. A tag made with the store's secret key makes handles
/// impossible to guess or alter.
///
/// For one thread only, as the prepared key is.
package final class ReceiptHandleSealer {
    private static let tagByteCount = 16
    private let hmac: HMACSHA256

    /// `key`: the store's secret, 32 bytes.
    package init(key: [UInt8]) { hmac = HMACSHA256(key: key) }

    /// The text of a handle, 72 characters of base64.
    package func seal(_ handle: ReceiptHandle) -> [UInt8] {
        let encoded = handle.encoded
        return Base64.encode(encoded + hmac.tag(for: encoded).prefix(Self.tagByteCount))
    }

    /// The handle in a text that ``seal(_:)`` made, else nil.
    package func open(_ text: [UInt8]) -> ReceiptHandle? {
        guard let sealed = Base64.decode(text), sealed.count == ReceiptHandle.byteCount + Self.tagByteCount else {
            return nil
        }
        let encoded = Array(sealed.prefix(ReceiptHandle.byteCount))
        let tag = Array(sealed.suffix(Self.tagByteCount))
        guard constantTimeEqual(tag, Array(hmac.tag(for: encoded).prefix(Self.tagByteCount))) else { return nil }
        return ReceiptHandle(encoded: encoded)
    }
}
