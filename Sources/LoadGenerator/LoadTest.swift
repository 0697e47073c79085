import Crypto
import JSON
import Platform

/// A load test from making its queue to deleting it.
package struct LoadTest {
    /// What a test tells while it runs.
    package enum Event {
        /// Where it is, about once a second.
        case progress(String)
        /// Something that went wrong beside the measuring.
        case warning(String)
    }

    private let settings: LoadSettings
    private let signals: SignalWaiter
    private let head: RequestHead
    private let tell: (Event) -> Void

    /// - Parameter signals: end the test and have its queue deleted.
    package init(_ settings: LoadSettings, signals: SignalWaiter, tell: @escaping (Event) -> Void) {
        var settings = settings
        if settings.scenario == .fifo { settings.groups = max(settings.groups, 1) }
        if settings.scenario == .longPoll { settings.rate = settings.rate ?? LongPollScenario.rate }
        if settings.scenario == .receiveDelete { settings.backlog = settings.backlog ?? Self.standardBacklog }
        self.settings = settings
        self.signals = signals
        self.tell = tell
        head = RequestHead(
            endpoint: settings.endpoint, date: UTCTime(millisecondsSinceEpoch: SystemClock().now()))
    }

    /// Of a scenario that needs one.
    private static let standardBacklog = 100_000

    /// Runs the test.
    package func run() throws(LoadError) -> LoadReport {
        do {
            // Where the limit cannot be raised, opening the connections says so.
            try FileDescriptor.raiseLimit()
        } catch {
            throw .system(error)
        }
        let (url, target) = try createQueue()
        let report: LoadReport
        do throws(LoadError) {
            report = try measure(url, target)
        } catch {
            // Of a server that is gone nobody can ask anything.
            if case .wentAway = error { throw error }
            deleteQueue(url, target)
            throw error
        }
        deleteQueue(url, target)
        return report
    }

    // MARK: The queue

    /// Makes a queue with a name that nobody else has, at the first of the endpoint's addresses where somebody answers.
    private func createQueue() throws(LoadError) -> (url: String, target: LoadLoop.Target) {
        let suffix = String(SystemRandom().next() >> 32, radix: 16)
        var body = JSONWriter()
        body.beginObject()
        body.key("QueueName")
        body.string("bench-\(suffix)\(settings.groups > 0 ? ".fifo" : "")")
        if settings.groups > 0 {
            body.key("Attributes")
            body.beginObject()
            body.key("FifoQueue")
            body.string("true")
            body.endObject()
        }
        body.endObject()
        var failure = LoadError.unreachable(settings.endpoint.url, "no address")
        for address in try settings.endpoint.addresses() {
            var target = LoadLoop.Target(
                endpoint: settings.endpoint, address: address, signals: signals.descriptor, isKnown: false)
            do throws(LoadError) {
                let answer = try ControlRequest.ask(.createQueue, body.bytes, head, target)
                guard let url = answer["QueueUrl"]?.text else {
                    throw .refused("CreateQueue: there is no QueueUrl in the answer")
                }
                target.isKnown = true
                return (url, target)
            } catch {
                guard case .unreachable = error else { throw error }
                failure = error
            }
        }
        throw failure
    }

    private func deleteQueue(_ url: String, _ target: LoadLoop.Target) {
        var target = target
        // Whoever asked for the end wants the queue deleted.
        target.signals = nil
        var body = JSONWriter()
        body.beginObject()
        body.key("QueueUrl")
        body.string(url)
        body.endObject()
        do throws(LoadError) {
            _ = try ControlRequest.ask(.deleteQueue, body.bytes, head, target)
        } catch {
            tell(.warning("the queue \(url) is left behind: \(error)"))
        }
    }

    // MARK: The measuring

    private func measure(_ url: String, _ target: LoadLoop.Target) throws(LoadError) -> LoadReport {
        let plan = Plan(
            head: head, queue: TestQueue(url: url, groups: settings.groups), connections: settings.connections,
            messageSize: settings.messageSize, backlog: settings.backlog ?? 0, numbers: SendRequest.Numbers())
        try fill(plan, target)
        let scenario = settings.scenario.scenario
        if settings.rate != nil { Thread.wakeExactly() }
        let begin = MonotonicTime.nanoseconds()
        let recorder = recorder(begin)
        let cpu = CPUTime.nanoseconds()
        let loop = try LoadLoop(
            target, workers: scenario.workers(plan), recorder: recorder,
            pace: settings.rate.map { Pace(start: begin, rate: $0) }, tick: progress(of: recorder, since: begin))
        let notSent = try loop.run()
        let end = MonotonicTime.nanoseconds()
        let measured = recorder.tally(of: scenario.countedAction)?.messages ?? 0
        // What came in the last moments of a backlog says nothing about a rate.
        if loop.isExhausted, 10 * measured < plan.backlog { throw .backlogTooSmall(plan.backlog) }
        return LoadReport(
            settings, scenario, recorder, wasExhausted: loop.isExhausted,
            notSent: settings.rate == nil ? nil : notSent,
            clientCPU: Double(CPUTime.nanoseconds() - cpu) / Double(end - begin))
    }

    private func recorder(_ begin: Int64) -> Recorder {
        let start = begin + Int64(settings.warmUp * 1e9)
        let end = settings.requests == nil ? start + Int64(settings.seconds * 1e9) : .max
        return Recorder(start: start, end: end, limit: settings.requests)
    }

    private func fill(_ plan: Plan, _ target: LoadLoop.Target) throws(LoadError) {
        guard plan.backlog > 0 else { return }
        let recorder = Recorder(start: 0, end: .max)
        let batch = FillScenario.batchSize(plan)
        try LoadLoop(
            target, workers: FillScenario.workers(plan), recorder: recorder, stopsAtFirstError: true,
            tick: { _ in
                let filled = NumberText.grouped(min(plan.backlog, recorder.allRequests * batch))
                tell(.progress("filled \(filled) of \(NumberText.grouped(plan.backlog)) messages"))
            }
        ).run()
    }

    private func progress(of recorder: Recorder, since begin: Int64) -> (Int64) -> Void {
        var last = (time: begin, requests: 0)
        return { now in
            let rate = Double(recorder.allRequests - last.requests) / (Double(now - last.time) / 1e9)
            last = (now, recorder.allRequests)
            let measured = now - recorder.start
            // Ticks come a little late or early.
            let phase = measured <= 500_000_000 ? "warm-up" : "\((measured + 500_000_000) / 1_000_000_000) s"
            let errors = recorder.errors > 0 ? ", \(NumberText.grouped(recorder.errors)) errors" : ""
            tell(.progress("\(phase): \(NumberText.grouped(Int(rate))) requests/s\(errors)"))
        }
    }
}
