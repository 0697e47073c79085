/// What one connection does: it asks for a request, sends it, hands the answer in, and asks for the next.
protocol Worker: AnyObject {
    /// Its requests keep to the rate, if there is one, and to the time of the test. The others serve those: they go on
    /// until all is answered, and nobody waits for their own answers.
    var isMeasured: Bool { get }

    /// The next request; nil if there is nothing left to do.
    /// - Parameter time: when the request is due, in nanoseconds of `MonotonicTime`.
    func next(at time: Int64) -> Request?

    /// Takes in what an answer of success says.
    func take(_ answer: AnswerText) -> Outcome

    /// The last request came to nothing.
    func giveUp()

    /// Something that was begun is to end elsewhere than in the answer to the request, and has not yet.
    var awaitsMore: Bool { get }
}

extension Worker {
    var isMeasured: Bool { true }
    var awaitsMore: Bool { false }
}

struct Request {
    let action: Action
    /// Stay as they are until the answer has been taken in.
    let bytes: UnsafeRawBufferPointer
    /// The server may hold the answer back until there is a message: the end of a test does not wait for it.
    var mayPark = false
}

/// What an answer of success comes to.
enum Outcome {
    /// - Parameter since: where the time of this request is to be counted from, if not from its own beginning.
    case success(messages: Int, since: Int64? = nil)
    /// Some entries of a batch failed.
    case failure
}
