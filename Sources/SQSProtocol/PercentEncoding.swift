import Crypto

/// Percent encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The bytes that `text` stands for. A percent sign without two digits after it stands for itself.
    static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: text.count) { output, count in
            var position = text.startIndex
            while position < text.endIndex {
                var byte = text[position]
                if byte == UInt8(ascii: "%"), let encoded = encodedByte(in: text, at: position) {
                    byte = encoded
                    position += 2
                } else if byte == UInt8(ascii: "+"), plusIsSpace {
                    byte = UInt8(ascii: " ")
                }
                output[count] = byte
                count += 1
                position += 1
            }
        }
    }

    private static func encodedByte(in text: ArraySlice<UInt8>, at position: Int) -> UInt8? {
        guard position + 2 < text.endIndex, let high = Hex.value(of: text[position + 1]),
            let low = Hex.value(of: text[position + 2])
        else { return nil }
        return high << 4 | low
    }
}
