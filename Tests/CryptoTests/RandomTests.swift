import Testing

@testable import Crypto

struct RandomTests {
    @Test func `a seed decides every byte`() {
        #expect(SeededRandom(seed: 7).bytes(100) == SeededRandom(seed: 7).bytes(100))
        #expect(SeededRandom(seed: 7).bytes(100) != SeededRandom(seed: 8).bytes(100))
        // The first output of SplitMix64 for seed 0.
        #expect(SeededRandom(seed: 0).next() == 0xE220_A839_7B1D_CDAF)
    }

    @Test("the system's bytes do not repeat across the edge of a block", arguments: [1, 16, 1000, 1024, 5000])
    func systemRandom(size: Int) {
        let random = SystemRandom()
        let pieces = (0..<2000 / max(size / 16, 1)).map { _ in random.bytes(max(size, 8)) }
        #expect(Set(pieces).count == pieces.count)
        #expect(!pieces.contains { $0.allSatisfy { $0 == 0 } })
    }

    @Test func `a uuid is version 4 and shaped like one`() throws {
        let pattern = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        let random = SystemRandom()
        let ids = (0..<1000).map { _ in random.uuid() }
        for id in ids { #expect(try pattern.wholeMatch(in: id) != nil) }
        #expect(Set(ids).count == 1000)
    }
}
