import HTTPServer
import QueueModel

/// Who signed a request, and for which region. Read, not verified.
struct CredentialScope: Equatable {
    /// The access key if it is an account number: that is how test tools tell accounts apart.
    let account: String?
    /// `nil` if it cannot be part of an ARN.
    let region: String?

    /// Reads `{key}/{date}/{region}/{service}/aws4_request`.
    init?(credential: ArraySlice<UInt8>) {
        var rest = credential
        guard let accessKey = Self.popPart(of: &rest), Self.popPart(of: &rest) != nil,
            let region = Self.popPart(of: &rest), Self.popPart(of: &rest) != nil,
            !rest.isEmpty, rest.place(of: UInt8(ascii: "/")) == nil
        else { return nil }
        let isAccount = accessKey.withUnsafeBufferPointer { AccountID.isValid($0) }
        account = isAccount ? String(decoding: accessKey, as: UTF8.self) : nil
        self.region = region.allSatisfy { $0.isQueueNameCharacter } ? String(decoding: region, as: UTF8.self) : nil
    }

    /// Takes off what stands before the next slash, and the slash; nil if there is nothing or no slash.
    private static func popPart(of rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let slash = rest.place(of: UInt8(ascii: "/")), slash > rest.startIndex else { return nil }
        defer { rest = rest[(slash + 1)...] }
        return rest[..<slash]
    }

    /// Reads the header of a signed request: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    init?(authorization: ArraySlice<UInt8>) {
        guard authorization.hasPrefix("AWS4-HMAC-SHA256 ") else { return nil }
        var rest = authorization.dropFirst("AWS4-HMAC-SHA256 ".utf8.count)
        while !rest.isEmpty {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
            let part = rest[..<(rest.place(of: UInt8(ascii: ",")) ?? rest.endIndex)]
            if part.hasPrefix("Credential=") {
                self.init(credential: part.dropFirst("Credential=".utf8.count))
                return
            }
            rest = rest[part.endIndex...]
        }
        return nil
    }

    /// The scope in the header, or else in the parameters of a presigned URL.
    init?(_ request: HTTPRequest, _ form: FormParameters?) {
        if let authorization = request.headers.bytes(of: "authorization") {
            self.init(authorization: authorization)
        } else if let credential = form?["X-Amz-Credential"] {
            self.init(credential: credential[...])
        } else {
            return nil
        }
    }
}
