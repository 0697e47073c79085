import Crypto
import QueueModel

/// Turns receipt handles into the text clients hold, and back. A tag made with the store's secret key makes handles
/// impossible to guess or alter.
///
/// For one thread only, as the prepared key is.
package final class ReceiptHandleSealer {
    /// Of the tag, whose first half goes into the text.
    private static let tagByteCount = HMACSHA256.tagByteCount / 2
    private static let sealedByteCount = ReceiptHandle.byteCount + tagByteCount
    /// Characters of the text.
    package static let characterCount = (sealedByteCount + 2) / 3 * 4

    private let hmac: HMACSHA256

    /// `key`: the store's secret, 32 bytes.
    package init(key: [UInt8]) { hmac = HMACSHA256(key: key) }

    /// Appends the text of a handle, 72 characters of base64.
    package func seal(_ handle: ReceiptHandle, to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: ReceiptHandle.byteCount + HMACSHA256.tagByteCount, alignment: 1) {
            bytes in
            let encoded = UnsafeMutableRawBufferPointer(rebasing: bytes[..<ReceiptHandle.byteCount])
            handle.encode(to: encoded)
            hmac.writeTag(
                for: UnsafeRawBufferPointer(encoded),
                to: UnsafeMutableRawBufferPointer(rebasing: bytes[ReceiptHandle.byteCount...]))
            Base64.append(UnsafeRawBufferPointer(rebasing: bytes[..<Self.sealedByteCount]), to: &text)
        }
    }

    /// The handle in a text that ``seal(_:to:)`` made, else nil.
    package func open(_ text: [UInt8]) -> ReceiptHandle? {
        guard text.count == Self.characterCount else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Self.characterCount / 4 * 3, alignment: 1) { sealed in
            guard Base64.decode(text, to: sealed) == Self.sealedByteCount else { return nil }
            let encoded = UnsafeRawBufferPointer(rebasing: sealed[..<ReceiptHandle.byteCount])
            let tag = UnsafeRawBufferPointer(rebasing: sealed[ReceiptHandle.byteCount..<Self.sealedByteCount])
            return isTag(tag, of: encoded) ? ReceiptHandle(encoded: encoded) : nil
        }
    }

    private func isTag(_ tag: UnsafeRawBufferPointer, of encoded: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: HMACSHA256.tagByteCount, alignment: 1) { whole in
            hmac.writeTag(for: encoded, to: whole)
            return constantTimeEqual(tag, UnsafeRawBufferPointer(rebasing: whole[..<Self.tagByteCount]))
        }
    }
}
