/// An answer, before HTTP adds what is its own.
package struct WireResponse: Sendable, Equatable {
    package var status: Int
    package var contentType: String
    /// Goes into the header x-amzn-RequestId.
    package var requestID: String
    /// Goes into the header x-amzn-query-error, which every error of the JSON protocol carries: clients that grew up
    /// with the Query protocol compare its code.
    package var queryError: String?
    package var body: [UInt8]
}
