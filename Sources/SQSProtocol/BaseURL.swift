/// Where queue URLs point to.
enum BaseURL {
    /// The origin under which the client reached us. Some clients leave the port out of the Host header even when it is
    /// not 80; others connect to the queue URL, so that one without the port would lead nowhere.
    static func origin(host: String?, localPort: UInt16) -> String {
        let host = host.flatMap { $0.isEmpty ? nil : $0 } ?? "localhost"
        return localPort == 80 || hasPort(host) ? "http://\(host)" : "http://\(host):\(localPort)"
    }

    /// A colon within brackets belongs to an IPv6 address.
    private static func hasPort(_ host: String) -> Bool {
        guard let colon = host.utf8.lastIndex(of: UInt8(ascii: ":")) else { return false }
        return !host.utf8[colon...].contains(UInt8(ascii: "]"))
    }
}
