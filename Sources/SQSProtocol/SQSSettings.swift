/// What the configuration says about the identity of this server.
package struct SQSSettings: Sendable {
    /// The account that owns all queues, twelve digits.
    package var account: String
    /// The region of requests that are not signed for another.
    package var region: String
    /// What queue URLs begin with, without a slash at the end; `nil` takes it from each request.
    package var baseURL: String?

    package init(account: String, region: String, baseURL: String? = nil) {
        self.account = account
        self.region = region
        self.baseURL = baseURL
    }
}
