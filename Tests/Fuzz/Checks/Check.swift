/// What must hold of one kind of hostile input. Libfuzzer looks for inputs that break it; the tests try those in
/// `Corpus/{name}`.
struct Check: Sendable {
    let name: String
    /// Throws ``Finding`` where the input breaks a promise.
    let run: @Sendable ([UInt8]) throws -> Void

    static let all = [
        Check(name: "http", run: checkHTTP),
        Check(name: "json", run: checkJSON),
        Check(name: "json-requests", run: checkRequest),
        Check(name: "query-requests", run: checkRequest),
        Check(name: "queue-attributes", run: checkQueueAttributes),
        Check(name: "message-attributes", run: checkMessageAttributes),
        Check(name: "receipt-handles", run: checkReceiptHandles),
        Check(name: "queue-urls", run: checkQueueURLs),
    ]
}

/// A promise that an input breaks.
struct Finding: Error, CustomStringConvertible {
    let description: String
}

/// Throws ``Finding`` unless the condition holds.
func expect(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
    if !condition { throw Finding(description: promise()) }
}

/// The value, or ``Finding`` if there is none.
func require<Value>(_ value: Value?, _ promise: @autoclosure () -> String) throws -> Value {
    guard let value else { throw Finding(description: promise()) }
    return value
}

extension Sequence<UInt8> {
    /// Bytes that are not UTF-8 are replaced.
    var text: String { String(decoding: Array(self), as: UTF8.self) }
}
