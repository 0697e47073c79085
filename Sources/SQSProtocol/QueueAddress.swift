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
        let end = url.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex
        var segments = Self.path(of: url[..<end])
        guard let name = Self.popLastSegment(of: &segments) else { return nil }
        self.init(account: Self.popLastSegment(of: &segments), name: name)
    }

    /// What follows the host, if there is one.
    private static func path(of url: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let colon = url.firstIndex(of: UInt8(ascii: ":")), url[colon...].starts(with: "://".utf8) else {
            return url
        }
        return url[colon...].dropFirst(3).drop { $0 != UInt8(ascii: "/") }
    }

    /// Takes the last segment that is not empty, decoded, off the path.
    private static func popLastSegment(of path: inout ArraySlice<UInt8>) -> String? {
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        guard !path.isEmpty else { return nil }
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let segment = path[(slash.map { $0 + 1 } ?? path.startIndex)...]
        path = path[..<segment.startIndex]
        guard segment.contains(UInt8(ascii: "%")) else { return String(decoding: segment, as: UTF8.self) }
        return String(decoding: PercentEncoding.decode(segment, plusIsSpace: false), as: UTF8.self)
    }
}
