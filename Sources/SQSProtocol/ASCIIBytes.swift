import Glibc

/// Looking at what clients name (actions, media types, queues) without making text of it: every request has several of
/// these, and each string costs more than the comparison it is made for.
extension ArraySlice<UInt8> {
    /// Whether it begins with this ASCII text.
    func hasPrefix(_ text: StaticString) -> Bool {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count >= text.utf8CodeUnitCount else { return false }
            return memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
        }
    }

    /// Whether the bytes are the same.
    func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        withUnsafeBytes { bytes in
            guard bytes.count == other.count, let start = bytes.baseAddress, let otherStart = other.baseAddress
            else { return count == other.count }
            return memcmp(start, otherStart, bytes.count) == 0
        }
    }

    /// Whether it is this ASCII text, which must be given in lower case; letters match in either case.
    func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        withUnsafeBytes { bytes in
            guard bytes.count == lowercase.utf8CodeUnitCount, let start = bytes.baseAddress else {
                return count == lowercase.utf8CodeUnitCount
            }
            return strncasecmp(start, UnsafeRawPointer(lowercase.utf8Start), bytes.count) == 0
        }
    }

    /// The first place of a byte.
    func place(of byte: UInt8) -> Index? {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else { return nil }
            return startIndex + (UnsafeRawPointer(found) - start)
        }
    }
}
