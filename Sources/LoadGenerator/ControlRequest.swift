import JSON

/// One request beside the measuring, such as CreateQueue.
final class ControlRequest: Worker {
    private let buffer: RequestBuffer
    private let action: Action
    private var isBegun = false
    private var answer: [UInt8] = []

    private init(_ head: RequestHead, _ action: Action, _ body: [UInt8]) {
        self.action = action
        buffer = RequestBuffer(head, action)
        buffer.writeBody { buffer in body.withUnsafeBytes { buffer.append($0) } }
    }

    /// Asks, and waits for the answer.
    static func ask(
        _ action: Action, _ body: [UInt8], _ head: RequestHead, _ target: LoadLoop.Target
    ) throws(LoadError) -> JSONValue {
        let control = ControlRequest(head, action, body)
        try LoadLoop(
            target, workers: [control], recorder: Recorder(start: 0, end: .max), stopsAtFirstError: true
        ).run()
        // The answers to some actions are empty.
        guard !control.answer.isEmpty else { return .null }
        do {
            return try JSONValue(parsing: control.answer)
        } catch {
            throw .refused("\(action.name): the answer is no JSON: \(error)")
        }
    }

    func next(at time: Int64) -> Request? {
        if isBegun { return nil }
        isBegun = true
        return Request(action: action, bytes: buffer.bytes)
    }

    func take(_ answer: AnswerText) -> Outcome {
        self.answer = Array(answer.bytes)
        return .success(messages: 0)
    }

    func giveUp() {}
}
