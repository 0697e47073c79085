/// A response as a client sees it.
struct ReceivedResponse: Equatable {
    var status: Int
    var headers: [String: String]
    var body: String

    /// Takes the first response off the bytes; nil if it is not complete.
    /// - Parameter hasBody: false for the answer to HEAD.
    init?(takingFrom bytes: inout [UInt8], hasBody: Bool = true) {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        status = Int(lines[0].split(separator: " ")[1]) ?? 0
        headers = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description
        }
        let length = hasBody ? headers["content-length"].flatMap { Int($0) } ?? 0 : 0
        let bodyStart = end + separator.count
        guard bytes.count >= bodyStart + length else { return nil }
        body = String(decoding: bytes[bodyStart..<bodyStart + length], as: UTF8.self)
        bytes.removeFirst(bodyStart + length)
    }

    /// All complete responses in the bytes.
    static func all(in bytes: [UInt8]) -> [ReceivedResponse] {
        var rest = bytes
        var responses: [ReceivedResponse] = []
        while let response = ReceivedResponse(takingFrom: &rest) { responses.append(response) }
        return responses
    }
}
