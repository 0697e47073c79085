/// The bytes of one request, in memory that stays where it is: written once, then sent again and again, with patches in
/// places of fixed width or with a new body.
final class RequestBuffer {
    private static let lengthWidth = 10

    private var memory: UnsafeMutableRawBufferPointer
    private var count = 0
    private let bodyStart: Int

    init(_ head: RequestHead, _ action: Action) {
        memory = .allocate(byteCount: 2048, alignment: 16)
        let head = head.bytes(for: action)
        bodyStart = head.count + Self.lengthWidth + 4
        head.withUnsafeBytes { append($0) }
        append(repeating: UInt8(ascii: " "), count: Self.lengthWidth)
        append("\r\n\r\n")
    }

    deinit {
        memory.deallocate()
    }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Writes the body anew.
    func writeBody(_ write: (RequestBuffer) -> Void) {
        count = bodyStart
        write(self)
        patchLength(count - bodyStart)
    }

    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func append(repeating byte: UInt8, count additional: Int) {
        reserve(additional)
        for index in count..<count + additional { memory[index] = byte }
        count += additional
    }

    /// Room for a number that is patched in before each sending.
    func appendHole(digits: Int) -> Hole {
        defer { append(repeating: UInt8(ascii: "0"), count: digits) }
        return Hole(start: count, digits: digits)
    }

    /// Writes a number into a hole, with zeros before it.
    func patch(_ hole: Hole, _ number: Int, radix: Int = 10) {
        var rest = number
        for index in (hole.start..<hole.start + hole.digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            memory[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest /= radix
        }
    }

    struct Hole {
        fileprivate let start: Int
        fileprivate let digits: Int
    }

    /// Right-aligned: white space before a header's value means nothing (RFC 9112, 5.1), while zeros might irritate.
    private func patchLength(_ length: Int) {
        let end = bodyStart - 4
        let digits = String(length).utf8
        for index in end - Self.lengthWidth..<end - digits.count { memory[index] = UInt8(ascii: " ") }
        for (index, digit) in zip(end - digits.count..<end, digits) { memory[index] = digit }
    }

    private func reserve(_ additional: Int) {
        guard memory.count - count < additional else { return }
        let grown = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + additional), alignment: 16)
        grown.copyMemory(from: bytes)
        memory.deallocate()
        memory = grown
    }
}
