import HTTPServer

/// Who signed a request, and for which region. Read, not verified.
struct CredentialScope: Equatable {
    let accessKey: String
    let region: String

    /// Reads `{key}/{date}/{region}/{service}/aws4_request`.
    init?(credential: some StringProtocol) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        accessKey = String(parts[0])
        region = String(parts[2])
    }

    /// Reads the header of a signed request: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    init?(authorization: String) {
        let scheme = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(scheme) else { return nil }
        for part in authorization.dropFirst(scheme.utf8.count).split(separator: ",") {
            let part = part.drop { $0 == " " }
            if part.hasPrefix("Credential=") {
                self.init(credential: part.dropFirst(11))
                return
            }
        }
        return nil
    }

    /// The scope in the header, or else in the parameters of a presigned URL.
    init?(_ request: HTTPRequest, _ form: FormParameters?) {
        if let authorization = request.headers["Authorization"] {
            self.init(authorization: authorization)
        } else if let credential = form?["X-Amz-Credential"] {
            self.init(credential: String(decoding: credential, as: UTF8.self))
        } else {
            return nil
        }
    }
}
