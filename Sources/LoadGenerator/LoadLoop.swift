import Platform

/// Drives the connections of one phase of a test, each with its worker, on the calling thread.
final class LoadLoop {
    /// How long the end of a test waits for answers, and how long a server may be silent altogether.
    private static let patience: Int64 = 30_000_000_000
    /// How long after the end what was due before it is begun.
    private static let lateness: Int64 = 10_000_000_000
    private static let second: Int64 = 1_000_000_000

    /// A connection, its worker, and the request that is under way.
    private final class Slot {
        let connection = HTTPClientConnection()
        let worker: any Worker
        var request: Request?
        /// When the request was due.
        var begun: Int64 = 0

        init(_ worker: any Worker) { self.worker = worker }

        /// The phase cannot end before the request is answered.
        var isAwaited: Bool { request.map { worker.isMeasured && !$0.mayPark } ?? false }
    }

    private let target: Target
    private let recorder: Recorder
    private let stopsAtFirstError: Bool
    private let tick: (_ now: Int64) -> Void
    private let epoll: Epoll
    private let slots: [Slot]
    private var slotOfDescriptor: [Slot?] = []
    private var pace: Pace?
    private var idle: IdleConnections<Slot>
    /// Requests that must be answered before the phase can end.
    private var awaited = 0
    private var lastSign: Int64
    private var hasAnswered: Bool
    /// A worker had nothing left to do.
    private(set) var isExhausted = false
    private var failure: LoadError?
    /// No connection has this generation.
    private var signalsID: ConnectionID { ConnectionID(descriptor: target.signals?.rawValue ?? -1, generation: 0) }

    /// Where requests go, and what may end them.
    struct Target {
        let endpoint: Endpoint
        let address: SocketAddress
        /// Readable when the user wants an end.
        var signals: FileDescriptor?
        /// An answer has been had from there before.
        var isKnown = true
    }

    /// - Parameters:
    ///   - pace: the schedule of the measured workers' requests; without it each follows the answer to the last.
    ///   - tick: called about once a second.
    init(
        _ target: Target, workers: [any Worker], recorder: Recorder, pace: Pace? = nil,
        stopsAtFirstError: Bool = false, tick: @escaping (_ now: Int64) -> Void = { _ in }
    ) throws(LoadError) {
        self.target = target
        self.recorder = recorder
        self.pace = pace
        self.stopsAtFirstError = stopsAtFirstError
        self.tick = tick
        hasAnswered = target.isKnown
        slots = workers.map(Slot.init)
        idle = IdleConnections(capacity: max(1, workers.count))
        lastSign = MonotonicTime.nanoseconds()
        do throws(SystemError) {
            epoll = try Epoll(eventsMax: 512)
            if target.signals != nil { try epoll.addReadable(signalsID) }
        } catch {
            throw .system(error)
        }
    }

    /// Runs until a worker has nothing left to do or the time is over, and all is answered.
    /// - Returns: requests of the schedule that could not be begun at all, because every connection was busy.
    @discardableResult
    func run() throws(LoadError) -> Int {
        var now = MonotonicTime.nanoseconds()
        var nextTick = now + Self.second
        for slot in slots { proceed(slot, now) }
        while !isFinished(now) {
            try wait(until: min(nextTick, nextMoment(after: now)), now)
            now = MonotonicTime.nanoseconds()
            beginDue(now)
            if now >= nextTick {
                nextTick += Self.second
                tick(now)
                try expectSigns(now)
            }
        }
        return pace?.overdue(at: min(now, recorder.end)) ?? 0
    }

    // MARK: Time

    private func isFinished(_ now: Int64) -> Bool {
        // A failure is not an end: the next wait throws it.
        guard failure == nil, isExhausted || now >= recorder.end else { return false }
        if awaited == 0, !slots.contains(where: \.worker.awaitsMore) { return true }
        guard recorder.end < now - Self.patience else { return false }
        recorder.recordError("no answer within \(Self.patience / Self.second) s", count: max(1, awaited))
        return true
    }

    /// When there is something to do though nothing happens.
    private func nextMoment(after now: Int64) -> Int64 {
        var moment = Int64.max
        if let due = nextDue(at: now), !idle.isEmpty { moment = due }
        if recorder.end > now { moment = min(moment, recorder.end) }
        return moment
    }

    private func wait(until moment: Int64, _ now: Int64) throws(LoadError) {
        if let failure { throw failure }
        do {
            try epoll.wait(timeoutNanoseconds: moment - now) { handle($0, $1) }
        } catch {
            throw .system(error)
        }
    }

    private func expectSigns(_ now: Int64) throws(LoadError) {
        guard awaited > 0, now - lastSign > Self.patience else { return }
        throw .silent(target.endpoint.url, seconds: Int(Self.patience / Self.second))
    }

    // MARK: Requests

    /// When the next request of the schedule is due, if one is left to begin.
    ///
    /// What was due before the end is begun after it too: left out would be those that waited the longest.
    private func nextDue(at now: Int64) -> Int64? {
        guard let due = pace?.due, due < recorder.end, now - Self.lateness < recorder.end, !recorder.isComplete else {
            return nil
        }
        return due
    }

    /// Begins the next request of a connection, or lets it wait for its time.
    private func proceed(_ slot: Slot, _ now: Int64) {
        guard failure == nil else { return }
        guard slot.worker.isMeasured else { return begin(slot, at: now) }
        guard pace != nil else {
            if now < recorder.end { begin(slot, at: now) }
            return
        }
        guard let due = nextDue(at: now), due <= now else { return idle.append(slot) }
        pace?.advance()
        begin(slot, at: due)
    }

    private func beginDue(_ now: Int64) {
        while failure == nil, let due = nextDue(at: now), due <= now, let slot = idle.popFirst() {
            pace?.advance()
            begin(slot, at: due)
        }
    }

    private func begin(_ slot: Slot, at time: Int64) {
        guard let request = slot.worker.next(at: time) else {
            isExhausted = true
            return
        }
        slot.request = request
        slot.begun = time
        if slot.isAwaited {
            // Before that there was nothing to be silent about.
            if awaited == 0 { lastSign = max(lastSign, time) }
            awaited += 1
        }
        guard slot.connection.isOpen || open(slot) else { return }
        do {
            try slot.connection.begin(request.bytes)
        } catch {
            slot.connection.close()
            lose(slot, "\(error)", isRefused: error.meansNobodyIsThere)
        }
    }

    private func open(_ slot: Slot) -> Bool {
        do {
            try slot.connection.open(to: target.address, in: epoll)
        } catch {
            fail(unreachable: "\(error)")
            return false
        }
        let descriptor = Int(slot.connection.id.descriptor)
        while slotOfDescriptor.count <= descriptor { slotOfDescriptor.append(nil) }
        slotOfDescriptor[descriptor] = slot
        return true
    }

    // MARK: Answers

    private func handle(_ id: ConnectionID, _ readiness: Readiness) {
        guard failure == nil else { return }
        if id == signalsID {
            failure = .interrupted
            return
        }
        guard let slot = slotOfDescriptor[Int(id.descriptor)], slot.connection.id == id else { return }
        if readiness.isWritable, slot.connection.isSending {
            do {
                try slot.connection.send()
            } catch {
                slot.connection.close()
                return lose(slot, "\(error)", isRefused: error.meansNobodyIsThere)
            }
        }
        if readiness.isReadable || readiness.isBroken { receive(slot, readiness) }
    }

    private func receive(_ slot: Slot, _ readiness: Readiness) {
        // Whatever comes while nothing was asked, mostly the end, the connection is of no more use.
        guard slot.request != nil else { return slot.connection.close() }
        do {
            switch try slot.connection.receive(readiness) {
            case .incomplete: break
            case .response(let response): complete(slot, response)
            case .lost(let reason, let isRefused): lose(slot, reason, isRefused: isRefused)
            }
        } catch {
            failure = .notHTTP(target.endpoint.url, error.rawValue)
        }
    }

    private func complete(_ slot: Slot, _ response: ResponseParser.Response) {
        let now = MonotonicTime.nanoseconds()
        lastSign = now
        hasAnswered = true
        guard let request = end(slot) else { return }
        let body = slot.connection.body(of: response)
        if !response.isSuccess {
            slot.worker.giveUp()
            fail(request.action, "HTTP \(response.status)", body)
        } else if case .success(let messages, let since) = slot.worker.take(AnswerText(body)) {
            recorder.record(
                request.action, begun: since ?? slot.begun, answered: now, messages: messages,
                isTimed: messages > 0 || !request.mayPark)
        } else {
            fail(request.action, "entries of the batch failed", body)
        }
        proceed(slot, now)
    }

    /// The connection of a slot is closed.
    private func lose(_ slot: Slot, _ reason: String, isRefused: Bool) {
        guard let request = end(slot) else { return }
        guard !isRefused else { return fail(unreachable: reason) }
        slot.worker.giveUp()
        fail(request.action, reason, nil)
        proceed(slot, MonotonicTime.nanoseconds())
    }

    /// The request of a slot is over.
    private func end(_ slot: Slot) -> Request? {
        if slot.isAwaited { awaited -= 1 }
        return slot.request.take()
    }

    private func fail(_ action: Action, _ reason: String, _ body: UnsafeRawBufferPointer?) {
        func description() -> String {
            let text = body.map { String(decoding: $0.prefix(500), as: UTF8.self) } ?? ""
            return "\(action.name): \(reason)\(text.isEmpty ? "" : ": ")\(text)"
        }
        recorder.recordError(description())
        if stopsAtFirstError { failure = .refused(description()) }
    }

    private func fail(unreachable reason: String) {
        failure =
            hasAnswered ? .wentAway(target.endpoint.url, reason) : .unreachable(target.endpoint.url, reason)
    }
}
