/// The queue that a request is about, as the client names it.
package struct QueueAddress: Sendable, Equatable {
    /// `nil` if the client gave just the name.
    package let account: String?
    package let name: String

    package init(account: String?, name: String) {
        self.account = account
        self.name = name
    }

    /// Reads a queue URL, or the path of one, or a bare queue name. Only the path counts: its last segment is the
    /// name, the one before it the account (SQS reference, 9.2). `nil` if there is no name in it.
    package init?(url: String) {
        let end = url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex
        let segments = Self.path(of: url[..<end]).split(separator: UInt8(ascii: "/"))
        guard let name = segments.last else { return nil }
        self.init(account: segments.dropLast().last.map(Self.decoded), name: Self.decoded(name))
    }

    /// What follows the host, if there is one.
    private static func path(of url: Substring) -> Substring.UTF8View {
        guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")), url[colon...].hasPrefix("://") else {
            return url.utf8
        }
        let afterScheme = url[colon...].dropFirst(3)
        return afterScheme.utf8.drop { $0 != UInt8(ascii: "/") }
    }

    private static func decoded(_ segment: Substring.UTF8View) -> String {
        guard segment.contains(UInt8(ascii: "%")) else { return String(Substring(segment)) }
        return String(decoding: PercentEncoding.decode(Array(segment)[...], plusIsSpace: false), as: UTF8.self)
    }
}
