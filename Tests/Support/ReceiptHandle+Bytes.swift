import QueueModel
import QueueStore

extension ReceiptHandle {
    package var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBytes { encode(to: $0) }
        return bytes
    }

    package init?(encoded bytes: [UInt8]) {
        guard let handle = bytes.withUnsafeBytes({ Self(encoded: $0) }) else { return nil }
        self = handle
    }
}

extension ReceiptHandleSealer {
    package func seal(_ handle: ReceiptHandle) -> [UInt8] {
        var text: [UInt8] = []
        seal(handle, to: &text)
        return text
    }
}
