import Platform

/// The engine's bounds and times.
package struct EngineOptions: Sendable {
    /// How long an exhausted message stays visible where nobody receives, before the sweeper moves it.
    package var redriveGraceMilliseconds: Int64 = 60_000
    /// Long polls that may wait at one time.
    package var parkedReceiversMax = 50_000
    /// Requests that may wait for the writer, or for the reader.
    package var waitingRequestsMax = 65_536
    /// Of messages that were handed out and whose answers are not made yet; further receives wait.
    package var receivedBytesMax = 64 * 1024 * 1024
    /// Nanoseconds since some moment, by which sweeps are kept short whose work cannot be counted in rows.
    package var stopwatch: @Sendable () -> Int64 = MonotonicTime.nanoseconds

    package init() {}
}
