extension [UInt8] {
    /// `count` bytes, all of them written by `write`. For few: they are made in temporary memory and copied. Both together cost
    /// a third of `init(unsafeUninitializedCapacity:initializingWith:)`, which looks its metadata up at each call (Swift 6.3).
    @inline(__always)
    init(count: Int, writtenBy write: (UnsafeMutableRawBufferPointer) -> Void) {
        self = withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { bytes in
            write(bytes)
            return [UInt8](bytes)
        }
    }
}
