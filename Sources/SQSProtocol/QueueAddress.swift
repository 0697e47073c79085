/// The queue that a request is about, as the client names it.
struct QueueAddress: Equatable {
    /// `nil` if the client gave just the name.
    let account: String?
    let name: String

    init(account: String?, name: String) {
        self.account = account
        self.name = name
    }

    /// Reads a queue URL, or the path of one, or a bare queue name. Only the path counts: its last segment is the
    /// name, the one before it the account (SQS reference, 9.2). `nil` if there is no name in it.
    init?(url: [UInt8]) {
        var path = Self.path(of: url)
        guard let name = Self.popLastSegment(of: &path, in: url) else { return nil }
        self.init(account: Self.popLastSegment(of: &path, in: url), name: name)
    }

    /// Where the path stands: after the host, if there is one, and before the query and the fragment.
    private static func path(of url: [UInt8]) -> Range<Int> {
        var rest = url[...]
        if let fragment = rest.place(of: UInt8(ascii: "#")) { rest = rest[..<fragment] }
        if let query = rest.place(of: UInt8(ascii: "?")) { rest = rest[..<query] }
        guard let colon = rest.place(of: UInt8(ascii: ":")), rest[colon...].hasPrefix("://") else {
            return rest.indices
        }
        rest = rest[(colon + 3)...]
        return (rest.place(of: UInt8(ascii: "/")) ?? rest.endIndex)..<rest.endIndex
    }

    /// Takes the last segment that is not empty, decoded, off the path.
    private static func popLastSegment(of path: inout Range<Int>, in url: [UInt8]) -> String? {
        let slash = UInt8(ascii: "/")
        var end = path.upperBound
        while end > path.lowerBound, url[end - 1] == slash { end -= 1 }
        var start = end
        while start > path.lowerBound, url[start - 1] != slash { start -= 1 }
        guard start < end else { return nil }
        path = path.lowerBound..<start
        let segment = url[start..<end]
        guard segment.contains(UInt8(ascii: "%")) else { return String(decoding: segment, as: UTF8.self) }
        return String(decoding: PercentEncoding.decode(segment, plusIsSpace: false), as: UTF8.self)
    }
}
