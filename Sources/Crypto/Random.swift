import CCrypto

/// Where random bytes come from: the system in the daemon, a seed in tests and simulations.
package protocol RandomSource: AnyObject {
    /// Overwrites `bytes` with random ones.
    func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// `count` random bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](count: count) { fill($0) }
    }

    /// A random number from the full range.
    package func next() -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { fill($0) }
        return number
    }
}

/// libcrypto's generator, asked for 4 KiB at a time since a call costs far more than its bytes.
///
/// For one thread only: the buffer is not locked.
package final class SystemRandom: RandomSource {
    private static let blockByteCount = 4096

    private var block = [UInt8](repeating: 0, count: SystemRandom.blockByteCount)
    private var used = SystemRandom.blockByteCount

    package init() {}

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        if bytes.count > Self.blockByteCount / 4 {
            Self.generate(bytes)
            return
        }
        if used + bytes.count > Self.blockByteCount {
            block.withUnsafeMutableBytes { Self.generate($0) }
            used = 0
        }
        block.withUnsafeMutableBytes { block in
            let piece = UnsafeMutableRawBufferPointer(rebasing: block[used..<used + bytes.count])
            bytes.copyMemory(from: UnsafeRawBufferPointer(piece))
            // What was handed out may have become a secret: no second copy of it stays here.
            for index in piece.indices { piece[index] = 0 }
        }
        used += bytes.count
    }

    private static func generate(_ bytes: UnsafeMutableRawBufferPointer) {
        let output = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // Without randomness receipt handles could be guessed and ids repeat: better to stop.
        precondition(RAND_bytes(output, Int32(bytes.count)) == 1, "the system has no random bytes")
    }
}

/// The same bytes for the same seed on every machine (SplitMix64). For tests and simulations, never for secrets.
package final class SeededRandom: RandomSource {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var word: UInt64 = 0
        for index in bytes.indices {
            if index % 8 == 0 { word = step() }
            bytes[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }

    private func step() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
