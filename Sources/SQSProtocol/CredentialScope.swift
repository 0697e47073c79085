import HTTPServer

/// Who signed a request, and for which region. Read, not verified.
struct CredentialScope: Equatable {
    let accessKey: String
    let region: String

    /// Reads `{key}/{date}/{region}/{service}/aws4_request`.
    init?(credential: ArraySlice<UInt8>) {
        let parts = credential.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 5, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        accessKey = String(decoding: parts[0], as: UTF8.self)
        region = String(decoding: parts[2], as: UTF8.self)
    }

    /// Reads the header of a signed request: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    init?(authorization: String) {
        let scheme = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(scheme) else { return nil }
        var rest = Array(authorization.utf8).dropFirst(scheme.utf8.count)
        while !rest.isEmpty {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
            let part = rest.prefix { $0 != UInt8(ascii: ",") }
            if part.starts(with: "Credential=".utf8) {
                self.init(credential: part.dropFirst("Credential=".utf8.count))
                return
            }
            rest = rest[part.endIndex...]
        }
        return nil
    }

    /// The scope in the header, or else in the parameters of a presigned URL.
    init?(_ request: HTTPRequest, _ form: FormParameters?) {
        if let authorization = request.headers["Authorization"] {
            self.init(authorization: authorization)
        } else if let credential = form?["X-Amz-Credential"] {
            self.init(credential: credential[...])
        } else {
            return nil
        }
    }
}
