/// The way of a dead-letter queue's messages to another queue or back to their own, as ListMessageMoveTasks tells it.
/// SQS reference, 6.4.
package struct MessageMoveTask: Sendable, Equatable {
    /// There is no state between running and cancelled: a task stops at once.
    package enum Status: String, Sendable {
        case running = "RUNNING"
        case completed = "COMPLETED"
        case failed = "FAILED"
        case cancelled = "CANCELLED"
    }

    package enum FailureReason: String, Sendable {
        /// The destination has disappeared.
        case nonExistentQueue = "AWS.SimpleQueueService.NonExistentQueue"
        /// The message did not come from another queue, and the task names no destination.
        case couldNotDetermineMessageSource = "CouldNotDetermineMessageSource"
    }

    /// A UUID.
    package let id: String
    /// nil: each message goes back to the queue it was moved from.
    package let destination: QueueName?
    /// Messages a second at most; nil if the client left it to the service.
    package let rate: Int?
    package var status: Status
    package var failureReason: FailureReason?
    package var movedCount: Int
    /// Messages in the queue when the task was started.
    package let toMoveCount: Int
    package let startedAt: Timestamp

    package init(
        id: String, destination: QueueName?, rate: Int?, status: Status = .running,
        failureReason: FailureReason? = nil, movedCount: Int = 0, toMoveCount: Int, startedAt: Timestamp
    ) {
        self.id = id
        self.destination = destination
        self.rate = rate
        self.status = status
        self.failureReason = failureReason
        self.movedCount = movedCount
        self.toMoveCount = toMoveCount
        self.startedAt = startedAt
    }

    package mutating func fail(_ reason: FailureReason) {
        status = .failed
        failureReason = reason
    }
}

/// When the messages of a task with a rate may go: no message before the moment that the rate gives it.
package struct MovePace: Sendable, Equatable {
    /// A moment that a stopped daemon or a busy disk let pass is made up for as far as this, not in one burst.
    private static let lagMicrosecondsMax: Int64 = 100_000
    /// High rates wait for the moments of several messages, so that not each message is a commit.
    private static let gatheringMilliseconds: Int64 = 20

    private let intervalMicroseconds: Int64
    /// The moment of the next message, in microseconds since the epoch.
    package private(set) var nextMicroseconds: Int64

    /// `rate`: messages a second.
    package init(rate: Int, nextMicroseconds: Int64) {
        intervalMicroseconds = (1_000_000 + Int64(rate) - 1) / Int64(rate)
        self.nextMicroseconds = nextMicroseconds
    }

    /// How many messages may go by now.
    package func allowance(at now: Timestamp) -> Int {
        let lag = min(now.milliseconds * 1000 - nextMicroseconds, Self.lagMicrosecondsMax)
        return lag < 0 ? 0 : 1 + Int(lag / intervalMicroseconds)
    }

    /// So many went at `now`.
    package mutating func went(_ count: Int, at now: Timestamp) {
        guard count > 0 else { return }
        let start = max(nextMicroseconds, now.milliseconds * 1000 - Self.lagMicrosecondsMax)
        nextMicroseconds = start + Int64(count) * intervalMicroseconds
    }

    /// When to go on, later than `now`.
    package func nextDue(after now: Timestamp) -> Timestamp {
        let next = Timestamp(milliseconds: (nextMicroseconds + 999) / 1000)
        let gathers = intervalMicroseconds < Self.gatheringMilliseconds * 1000
        return max(next, now.adding(milliseconds: gathers ? Self.gatheringMilliseconds : 1))
    }
}

extension QueueError {
    package static func unknownResource(_ parameter: String) -> QueueError {
        .resourceNotFound(message: "The resource that you specified for the \(parameter) parameter doesn't exist.")
    }

    package static func malformedARN(_ parameter: String) -> QueueError {
        .invalidParameter(
            "You must use this format to specify the \(parameter): "
                + "arn:<partition>:<service>:<region>:<account-id>:<resource-id>")
    }
}
