/// Bytes on their way out: appended at the end, one memory for the life of the event loop.
struct OutputBuffer: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    private static let startCapacity = 64 * 1024
    /// Memory beyond this is given back after a large answer.
    private static let keptCapacity = 4 * 1024 * 1024

    init() {
        memory = .allocate(byteCount: Self.startCapacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    mutating func removeAll() {
        count = 0
        if memory.count > Self.keptCapacity {
            memory.deallocate()
            memory = .allocate(byteCount: Self.startCapacity, alignment: 16)
        }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        (memory.baseAddress! + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a header's name or value. A control character in it becomes a space, so that nothing can be smuggled
    /// into the head.
    mutating func appendHeaderText(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            append(bytes)
            guard !bytes.isFieldValue(0..<bytes.count) else { return }
            for position in count - bytes.count..<count where Byte.isForbiddenControl(memory[position]) {
                memory[position] = Byte.space
            }
        }
    }

    mutating func append(decimal number: Int) {
        precondition(number >= 0)
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var rest = number
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            append(UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }

    @inline(__always)
    private mutating func reserve(_ additional: Int) {
        if memory.count - count < additional { grow(by: additional) }
    }

    private mutating func grow(by additional: Int) {
        let grown = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + additional), alignment: 16)
        grown.copyMemory(from: bytes)
        memory.deallocate()
        memory = grown
    }
}
