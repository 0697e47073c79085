import Testing

@testable import HTTPServer

@Suite struct HTTPHeadersTests {
    @Test(
        "the bytes of a field are found by its name in either case",
        arguments: ["host", "HOST", "content-type", "Content-Type", "CONTENT-TYPE", "x-amz-target", "X-Amz-Target"])
    func found(name: String) {
        let headers = HTTPHeaders([("Other", "o"), (name, "first"), (name, "second")])
        let values = [
            headers.bytes(of: "host"), headers.bytes(of: "content-type"), headers.bytes(of: "x-amz-target"),
        ]
        #expect(values.compactMap { $0.map { String(decoding: $0, as: UTF8.self) } } == ["first"])
    }

    @Test func `a name that differs in one place is another`() {
        let name = Array("x-amz-target".utf8)
        for place in name.indices {
            for byte in UInt8(0x21)..<0x7F where byte | 0x20 != name[place] {
                var other = name
                other[place] = byte
                let headers = HTTPHeaders([(String(decoding: other, as: UTF8.self), "value")])
                #expect(headers.bytes(of: "x-amz-target") == nil, "\(other)")
            }
        }
    }

    @Test func `a control character is found in every place of a value of any length`() {
        for count in 1...50 {
            for place in 0..<count {
                for byte in [0x00, 0x08, 0x09, 0x0A, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x89, 0xFF] as [UInt8] {
                    // A tab before it is allowed and must not hide it.
                    var value = [UInt8](repeating: UInt8(ascii: "v"), count: count)
                    value[0] = Byte.tab
                    value[place] = byte
                    let passes = value.withUnsafeBytes { $0.isFieldValue(0..<count) }
                    #expect(passes == !Byte.isForbiddenControl(byte), "\(byte) at \(place) of \(count)")
                }
            }
        }
    }
}
