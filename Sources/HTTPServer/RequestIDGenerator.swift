/// Makes ids that look like random UUIDs (RFC 9562, version 4). They are unique but not secret: xoshiro256**, seeded
/// once from the system, costs nanoseconds where the system's generator costs a call.
struct RequestIDGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(seed: (UInt64, UInt64, UInt64, UInt64)) {
        // The generator cannot leave the state of all zeroes.
        state = seed == (0, 0, 0, 0) ? (1, 2, 3, 4) : seed
    }

    init() {
        var random = SystemRandomNumberGenerator()
        self.init(seed: (random.next(), random.next(), random.next(), random.next()))
    }

    mutating func next() -> String {
        let high = nextWord() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = nextWord() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            func append(_ word: UInt64, digits: Range<Int>) {
                for digit in digits {
                    let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * digit)) & 0xF
                    text[position] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
                    position += 1
                }
            }
            func appendDash() {
                text[position] = UInt8(ascii: "-")
                position += 1
            }
            append(high, digits: 0..<8)
            appendDash()
            append(high, digits: 8..<12)
            appendDash()
            append(high, digits: 12..<16)
            appendDash()
            append(low, digits: 0..<4)
            appendDash()
            append(low, digits: 4..<16)
            return position
        }
    }

    /// xoshiro256** by Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c
    private mutating func nextWord() -> UInt64 {
        func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }
        let result = rotate(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, 45)
        return result
    }
}
