/// Takes the chunked coding off a body (RFC 9112, 7.1). Chunk extensions and trailers are checked and dropped.
struct ChunkedDecoder {
    private enum Phase {
        case size, extensions, sizeLineFeed, data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailer, trailerLineFeed, lastLineFeed, done
    }

    /// The most bytes in the line that holds a chunk's size.
    static let maximumSizeLine = 1024

    private var phase = Phase.size
    /// Of the size while it is read, then what is left of the chunk.
    private var size = 0
    private var lineBytes = 0
    private var trailerBytes = 0
    private var hasDigits = false
    private let maximumBodyBytes: Int
    private let maximumTrailerBytes: Int

    init(maximumBodyBytes: Int, maximumTrailerBytes: Int) {
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumTrailerBytes = maximumTrailerBytes
    }

    /// The body is complete.
    var isDone: Bool { phase == .done }

    /// Appends to `body` what the bytes hold of it.
    /// - Returns: how many bytes were used; fewer than there are only when the body is complete.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8]) throws(HTTPFailure) -> Int {
        var position = 0
        while position < bytes.count, phase != .done {
            if phase == .data {
                let length = min(size, bytes.count - position)
                body.append(contentsOf: bytes[position..<position + length])
                position += length
                size -= length
                if size == 0 { phase = .dataCarriageReturn }
            } else {
                try step(bytes[position], bodyBytes: body.count)
                position += 1
            }
        }
        return position
    }

    private mutating func step(_ byte: UInt8, bodyBytes: Int) throws(HTTPFailure) {
        switch phase {
        case .size: try stepInSize(byte, bodyBytes: bodyBytes)
        case .extensions:
            try countSizeLine()
            if byte == Byte.carriageReturn {
                phase = .sizeLineFeed
            } else if Byte.isForbiddenControl(byte) {
                throw .badRequest("malformed chunk extension")
            }
        case .sizeLineFeed:
            try expect(Byte.lineFeed, byte)
            phase = size == 0 ? .trailerStart : .data
        case .dataCarriageReturn:
            try expect(Byte.carriageReturn, byte)
            phase = .dataLineFeed
        case .dataLineFeed:
            try expect(Byte.lineFeed, byte)
            (phase, hasDigits, lineBytes) = (.size, false, 0)
        case .trailerStart, .trailer: try stepInTrailer(byte)
        case .trailerLineFeed:
            try expect(Byte.lineFeed, byte)
            phase = .trailerStart
        case .lastLineFeed:
            try expect(Byte.lineFeed, byte)
            phase = .done
        case .data, .done: preconditionFailure("no single byte is looked at here")
        }
    }

    private mutating func stepInSize(_ byte: UInt8, bodyBytes: Int) throws(HTTPFailure) {
        try countSizeLine()
        if let digit = Byte.hexValue(byte) {
            hasDigits = true
            // Cannot overflow: the size is checked against the limit after every digit.
            size = size * 16 + digit
            if size > maximumBodyBytes - bodyBytes { throw .bodyTooLarge }
            return
        }
        guard hasDigits else { throw .badRequest("malformed chunk size") }
        switch byte {
        case Byte.carriageReturn: phase = .sizeLineFeed
        case Byte.semicolon, Byte.space, Byte.tab: phase = .extensions
        default: throw .badRequest("malformed chunk size")
        }
    }

    private mutating func stepInTrailer(_ byte: UInt8) throws(HTTPFailure) {
        trailerBytes += 1
        if trailerBytes > maximumTrailerBytes { throw .headTooLarge }
        if byte == Byte.carriageReturn {
            phase = phase == .trailerStart ? .lastLineFeed : .trailerLineFeed
            return
        }
        let isAllowed = phase == .trailerStart ? Byte.isToken(byte) : !Byte.isForbiddenControl(byte)
        guard isAllowed else { throw .badRequest("malformed trailer") }
        phase = .trailer
    }

    private mutating func countSizeLine() throws(HTTPFailure) {
        lineBytes += 1
        if lineBytes > Self.maximumSizeLine { throw .badRequest("the line of a chunk's size is too long") }
    }

    private func expect(_ expected: UInt8, _ byte: UInt8) throws(HTTPFailure) {
        if byte != expected { throw .badRequest("malformed chunk") }
    }
}
