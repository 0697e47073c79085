import Crypto
import QueueModel

/// Turns receipt handles into the text clients hold, and back. A tag made with the store's secret key makes handles
/// impossible to guess or alter.
///
/// For one thread only, as the prepared key is.
package final class ReceiptHandleSealer {
    /// Of the tag, whose first half goes into the text.
    private static let tagByteCount = HMACSHA256.tagByteCount / 2
    private static let sealedByteCountMax = ReceiptHandle.byteCountMax + tagByteCount
    /// Characters of the longest text.
    package static let characterCountMax = (sealedByteCountMax + 2) / 3 * 4

    private let hmac: HMACSHA256

    /// `key`: the store's secret, 32 bytes.
    package init(key: [UInt8]) { hmac = HMACSHA256(key: key) }

    /// Appends the text of a handle: 72 characters of base64, 84 if it has a message group.
    package func seal(_ handle: ReceiptHandle, to text: inout [UInt8]) {
        let length = handle.byteCount
        withUnsafeTemporaryAllocation(
            byteCount: ReceiptHandle.byteCountMax + HMACSHA256.tagByteCount, alignment: 1
        ) { bytes in
            let encoded = UnsafeMutableRawBufferPointer(rebasing: bytes[..<length])
            handle.encode(to: encoded)
            hmac.writeTag(
                for: UnsafeRawBufferPointer(encoded), to: UnsafeMutableRawBufferPointer(rebasing: bytes[length...]))
            Base64.append(UnsafeRawBufferPointer(rebasing: bytes[..<(length + Self.tagByteCount)]), to: &text)
        }
    }

    /// The handle in a text that ``seal(_:to:)`` made, else nil.
    package func open(_ text: [UInt8]) -> ReceiptHandle? {
        guard text.count <= Self.characterCountMax else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Self.characterCountMax / 4 * 3, alignment: 1) { sealed in
            guard let count = Base64.decode(text, to: sealed), count > Self.tagByteCount else { return nil }
            let encoded = UnsafeRawBufferPointer(rebasing: sealed[..<(count - Self.tagByteCount)])
            let tag = UnsafeRawBufferPointer(rebasing: sealed[(count - Self.tagByteCount)..<count])
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
