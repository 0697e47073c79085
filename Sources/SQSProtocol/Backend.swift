import QueueEngine
import QueueModel
import QueueStore

/// What the actions work with. Made once, used on the event loop.
package struct Backend: Sendable {
    let engine: QueueEngine
    private let sealer: LoopBound<ReceiptHandleSealer>

    package init(engine: QueueEngine) {
        self.engine = engine
        sealer = LoopBound(ReceiptHandleSealer(key: engine.receiptHandleKey))
    }

    /// Appends the text of a receipt handle.
    func seal(_ handle: ReceiptHandle, to text: inout [UInt8]) { sealer.value.seal(handle, to: &text) }

    /// A receipt handle from its text. What is none comes out as one that says nothing.
    func open(_ text: [UInt8]) -> PresentedHandle {
        PresentedHandle(sealer.value.open(text), text: String(decoding: text, as: UTF8.self))
    }
}

/// A value that only the event loop touches.
private struct LoopBound<Value>: @unchecked Sendable {  // requests are read and results written on one thread
    let value: Value

    init(_ value: Value) { self.value = value }
}
