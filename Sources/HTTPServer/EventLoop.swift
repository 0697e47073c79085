import Glibc
import Platform
import Synchronization

/// The thread that owns all connections: performs what their state machines decide.
final class EventLoop: @unchecked Sendable {  // all but `mailbox` and `threadHandle` is used by the loop's thread alone
    /// Everything that reaches the loop from outside.
    let mailbox: LoopMailbox

    private let threadHandle = Atomic<UInt>(0)
    private let handler: any HTTPHandler
    private let logger: Logger
    private let clock: any Clock
    private let epoll: Epoll
    private let port: UInt16
    private let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    private var surroundings: ConnectionSurroundings
    private var listeners: [FileDescriptor]

    /// Indexed by descriptor.
    private var connections: [Connection?] = []
    private var connectionCount = 0
    private var lastGeneration: UInt32 = 0
    private var timers = ConnectionTimers()
    /// Connections that have more to read, or to be answered, than one turn takes.
    private var postponed: [ConnectionID] = []
    /// Taken out of the mailbox, and how many of them have been carried out.
    private var messages: [LoopMessage] = []
    private var messagesDone = 0

    /// The exchange whose request the handler is being given right now, and its answer if that came at once.
    private var currentExchange: HTTPExchange?
    private var currentAnswer: (@Sendable () -> HTTPResponse)?

    /// When to accept again after running out of descriptors or memory.
    private var acceptResumesAt: Int64?
    /// Before this moment the log is spared another warning about it.
    private var acceptWarningDueAt = Int64.min
    private var drainDeadline: Int64?

    /// How many sockets are read before what they held is handed over, and how many answers are written before the sockets are
    /// looked at again. If it were all of 64 clients, then these, the loop and the handler would do their parts one after the
    /// other; so each works on some requests while the others have the rest. docs/performance.md has the figures.
    private static let partMax = 24
    /// How many reads a connection may do, and how many answers that need no waiting it may get, before others have their
    /// turn.
    private static let readsPerTurn = 8
    private static let answersPerTurn = 100
    /// How many connections beyond the maximum are given a 503 instead of just being closed.
    private static let refusalsAtOnce = 256
    private static let acceptPauseMilliseconds: Int64 = 100
    private static let acceptWarningMilliseconds: Int64 = 60_000

    init(
        configuration: HTTPServerConfiguration, listeners: [FileDescriptor], port: UInt16,
        handler: any HTTPHandler, logger: Logger, clock: any Clock
    ) throws(SystemError) {
        self.listeners = listeners
        self.port = port
        self.handler = handler
        self.logger = logger
        self.clock = clock
        surroundings = ConnectionSurroundings(configuration: configuration)
        mailbox = try LoopMailbox()
        epoll = try Epoll(eventsMax: Self.partMax)
        try epoll.addWakeUp(Self.unregistered(mailbox.signal.descriptor))
        for listener in listeners { try epoll.addReadable(Self.unregistered(listener)) }
    }

    deinit {
        for listener in listeners { listener.close() }
        readBuffer.deallocate()
    }

    /// Runs until a `shutDown` message has been carried out.
    func run() {
        threadHandle.store(pthread_self(), ordering: .releasing)
        readTime()
        // What was taken out of the mailbox is carried out, also behind a `shutDown`.
        while !isDrained || !messages.isEmpty {
            let mustNotSleep = !messages.isEmpty || !postponed.isEmpty || !mailbox.prepareToSleep()
            wait(timeoutMilliseconds: mustNotSleep ? 0 : millisecondsToNextDeadline())
            handleMessages()
            handleDeadlines()
        }
        closeListeners()
        for connection in connections.compacted() { close(connection) }
        mailbox.close()
    }

    // MARK: Turns of the loop

    private func readTime() {
        surroundings.now = MonotonicTime.milliseconds()
        surroundings.encoder.setTime(clock.now())
    }

    private func wait(timeoutMilliseconds: Int64?) {
        var hasReadTime = false
        do throws(SystemError) {
            try epoll.wait(timeoutMilliseconds: timeoutMilliseconds) { id, readiness in
                if !hasReadTime {
                    readTime()
                    handler.requestsBegin()
                }
                hasReadTime = true
                handle(id, readiness)
            }
        } catch {
            // Only a programming error makes the wait fail (epoll_wait(2)), and without it nothing works.
            fatalError("\(error)")
        }
        if !hasReadTime { readTime() }
        resumePostponed()
        if hasReadTime { handler.requestsEnd() }
    }

    private func handle(_ id: ConnectionID, _ readiness: Readiness) {
        if id.generation == 0 {
            // The mailbox's signal has done its work by ending the wait.
            if id.descriptor != mailbox.signal.descriptor.rawValue {
                accept(from: FileDescriptor(rawValue: id.descriptor))
            }
            return
        }
        guard let connection = connection(id) else { return }
        if readiness.isBroken {
            close(connection)
            return
        }
        if readiness.hasPeerLeft { connection.clientHasLeft = true }
        if readiness.isReadable { connection.isReadable = true }
        if connection.clientHasLeft, let exchange = connection.exchange, exchange.clientLeft() {
            close(connection)
            return
        }
        if readiness.isWritable, connection.hasUnsentBytes {
            sendUnsent(connection)
        }
        read(connection)
    }

    private func resumePostponed() {
        let ids = postponed.prefix(Self.partMax)
        postponed.removeFirst(ids.count)
        for id in ids {
            guard let connection = connection(id) else { continue }
            connection.isPostponed = false
            drive(connection, connection.machine.proceed(&surroundings))
            read(connection)
        }
    }

    /// The connection goes on when those that were ready with it have had their turn, and until then does nothing.
    private func postpone(_ connection: Connection) {
        connection.isPostponed = true
        postponed.append(connection.id)
    }

    private func handleMessages() {
        if messages.isEmpty { mailbox.takeAll(into: &messages) }
        let end = min(messagesDone + Self.partMax, messages.count)
        for message in messages[messagesDone..<end] {
            switch message {
            case .answer(let exchange, let make): finish(exchange, make)
            case .clientHasLeft(let exchange):
                if exchange.clientLeft(), let connection = connection(exchange.connection) { close(connection) }
            case .run(let action): action()
            case .stopAccepting: closeListeners()
            case .shutDown(let deadline): startDraining(until: deadline)
            }
        }
        messagesDone = end
        if messagesDone == messages.count {
            messages.removeAll(keepingCapacity: true)
            messagesDone = 0
        }
    }

    private func handleDeadlines() {
        while let descriptor = timers.popExpired(now: surroundings.now) {
            guard let connection = connections[descriptor] else { continue }
            drive(connection, connection.machine.deadlineReached(&surroundings))
            read(connection)
        }
        if let acceptResumesAt, acceptResumesAt <= surroundings.now {
            resumeAccepting()
        }
    }

    private func millisecondsToNextDeadline() -> Int64? {
        var next = timers.nextDeadline
        for deadline in [acceptResumesAt, drainDeadline] {
            if let deadline { next = min(next ?? deadline, deadline) }
        }
        return next.map { $0 - surroundings.now }
    }

    // MARK: One connection

    private func read(_ connection: Connection) {
        var reads = 0
        while connection.isOpen, !connection.isPostponed, connection.isReadable, connection.machine.wantsInput {
            if reads == Self.readsPerTurn { return postpone(connection) }
            reads += 1
            do throws(SystemError) {
                switch try connection.descriptor.receive(into: readBuffer) {
                case .wouldBlock: connection.isReadable = false
                case .processed(0):
                    connection.isReadable = false
                    drive(connection, connection.machine.endOfInput(&surroundings))
                case .processed(let count):
                    // A short read has emptied the socket (epoll(7)); only the end of the stream may be behind it.
                    if count < readBuffer.count, !connection.clientHasLeft { connection.isReadable = false }
                    let bytes = UnsafeRawBufferPointer(rebasing: readBuffer[..<count])
                    drive(connection, connection.machine.receive(bytes, &surroundings))
                }
            } catch {
                close(connection)
            }
        }
    }

    /// Does what the state machine says until it waits for the next event.
    private func drive(_ connection: Connection, _ first: HTTPConnection.Step) {
        var step = first
        var answers = 0
        while true {
            switch step {
            case .handle(let request):
                if let response = handle(request, of: connection) {
                    connection.machine.respond(response, &surroundings)
                    answers += 1
                    step = answers < Self.answersPerTurn ? connection.machine.proceed(&surroundings) : .wait
                } else {
                    step = .wait
                }
            case .wait:
                if surroundings.output.isEmpty || !send(connection) {
                    settle(connection)
                    return
                }
                connection.machine.outputFlushed()
                if answers >= Self.answersPerTurn {
                    settle(connection)
                    return postpone(connection)
                }
                step = connection.machine.proceed(&surroundings)
            case .shutdownSending:
                connection.descriptor.shutdownSending()
                step = .wait
            case .close:
                close(connection)
                return
            }
        }
    }

    /// Hands a request to the handler and returns the answer if it comes at once.
    private func handle(_ request: consuming HTTPRequest, of connection: Connection) -> HTTPResponse? {
        let exchange = HTTPExchange(connection: connection.id, delivery: self)
        connection.exchange = exchange
        currentExchange = exchange
        handler.handle(request, exchange)
        currentExchange = nil
        if let make = currentAnswer {
            currentAnswer = nil
            connection.exchange = nil
            exchange.end(isDelivered: true)
            return make()
        }
        if connection.clientHasLeft { mailbox.post(.clientHasLeft(exchange)) }
        return nil
    }

    private func finish(_ exchange: HTTPExchange, _ make: () -> HTTPResponse) {
        guard let connection = connection(exchange.connection), connection.exchange === exchange else {
            exchange.end(isDelivered: false)
            return
        }
        connection.exchange = nil
        if connection.clientHasLeft, exchange.end(isDelivered: false) {
            close(connection)
            return
        }
        // One that is refused for want of memory finds nobody, too.
        let isGiven = connection.machine.respond(make(), &surroundings)
        exchange.end(isDelivered: isGiven)
        drive(connection, connection.machine.proceed(&surroundings))
        read(connection)
    }

    /// Sends the output.
    /// - Returns: whether all of it is sent. If not, the rest waits with the connection, which may also be closed.
    private func send(_ connection: Connection) -> Bool {
        defer { surroundings.output.removeAll() }
        if connection.hasUnsentBytes {
            connection.unsent.append(contentsOf: surroundings.output.bytes)
            return false
        }
        let bytes = surroundings.output.bytes
        guard let sent = trySend(connection, bytes) else { return false }
        if sent == bytes.count { return true }
        connection.unsent = Array(bytes[sent...])
        connection.machine.outputBlocked(madeProgress: sent > 0, surroundings)
        return false
    }

    /// The socket takes bytes again.
    private func sendUnsent(_ connection: Connection) {
        let unsent = connection.unsent
        let sent = unsent.withUnsafeBytes { bytes in
            trySend(connection, UnsafeRawBufferPointer(rebasing: bytes[connection.unsentStart...]))
        }
        guard let sent else { return }
        connection.unsentStart += sent
        if connection.hasUnsentBytes {
            connection.machine.outputBlocked(madeProgress: sent > 0, surroundings)
            settle(connection)
        } else {
            connection.unsent = []
            connection.unsentStart = 0
            connection.machine.outputFlushed()
            drive(connection, connection.machine.proceed(&surroundings))
        }
    }

    /// - Returns: how much the socket took; nil if the connection is broken, and now closed.
    private func trySend(_ connection: Connection, _ bytes: UnsafeRawBufferPointer) -> Int? {
        var sent = 0
        do throws(SystemError) {
            while sent < bytes.count,
                case .processed(let count) = try connection.descriptor.send(
                    UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            {
                sent += count
            }
            return sent
        } catch {
            close(connection)
            return nil
        }
    }

    /// Brings timers and the account of memory up to date after a connection has changed.
    private func settle(_ connection: Connection) {
        guard connection.isOpen else { return }
        timers.set(connection.machine.timer, for: Int(connection.id.descriptor))
        let buffered = connection.machine.bufferedBytes + connection.unsent.count
        surroundings.availableBytes -= buffered - connection.accountedBytes
        connection.accountedBytes = buffered
    }

    private func connection(_ id: ConnectionID) -> Connection? {
        let index = Int(id.descriptor)
        guard connections.indices.contains(index), let connection = connections[index], connection.id == id
        else { return nil }
        return connection
    }

    private func close(_ connection: Connection) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        timers.set(nil, for: Int(connection.id.descriptor))
        surroundings.availableBytes += connection.accountedBytes
        connections[Int(connection.id.descriptor)] = nil
        connectionCount -= 1
        connection.descriptor.close()
        let exchange = connection.exchange
        connection.exchange = nil
        exchange?.abandon()
    }

    // MARK: Accepting

    private func accept(from listener: FileDescriptor) {
        // Bounded, so that a storm of connections does not starve those that are there.
        for _ in 0..<256 {
            do throws(SystemError) {
                switch try listener.accept() {
                case .connection(let descriptor, let remoteAddress): try add(descriptor, remoteAddress)
                case .lost: continue
                case .wouldBlock: return
                }
            } catch {
                pauseAccepting(because: error)
                return
            }
        }
    }

    private func add(_ descriptor: FileDescriptor, _ remoteAddress: String) throws(SystemError) {
        let maximum = surroundings.configuration.maximumConnections
        guard connectionCount < maximum + Self.refusalsAtOnce else {
            descriptor.close()
            return
        }
        let id = ConnectionID(descriptor: descriptor.rawValue, generation: nextGeneration())
        do throws(SystemError) {
            try epoll.addEdgeTriggered(id)
        } catch {
            descriptor.close()
            throw error
        }
        let machine = HTTPConnection(remoteAddress: remoteAddress, localPort: port, surroundings)
        let connection = Connection(id: id, machine: machine)
        while connections.count <= Int(id.descriptor) { connections.append(nil) }
        connections[Int(id.descriptor)] = connection
        connectionCount += 1
        if connectionCount > maximum {
            drive(connection, connection.machine.refuse(&surroundings))
        } else {
            settle(connection)
        }
    }

    /// 0 stands for the descriptors that are no connections.
    private func nextGeneration() -> UInt32 {
        lastGeneration = lastGeneration == .max ? 1 : lastGeneration + 1
        return lastGeneration
    }

    /// Without descriptors or memory the listener stays readable, and the loop would spin.
    private func pauseAccepting(because error: SystemError) {
        // Another listener may have met it in the same turn.
        if acceptResumesAt != nil { return }
        if surroundings.now >= acceptWarningDueAt {
            logger.warning("cannot accept connections for now", ["error": error.description])
            acceptWarningDueAt = surroundings.now + Self.acceptWarningMilliseconds
        }
        do throws(SystemError) {
            for listener in listeners { try epoll.remove(Self.unregistered(listener)) }
            acceptResumesAt = surroundings.now + Self.acceptPauseMilliseconds
        } catch {
            logger.error("cannot pause accepting", ["error": error.description])
        }
    }

    private func resumeAccepting() {
        acceptResumesAt = nil
        do throws(SystemError) {
            for listener in listeners { try epoll.addReadable(Self.unregistered(listener)) }
        } catch {
            logger.error("cannot accept connections again", ["error": error.description])
            acceptResumesAt = surroundings.now + Self.acceptPauseMilliseconds
        }
    }

    private func closeListeners() {
        acceptResumesAt = nil
        for listener in listeners { listener.close() }
        listeners = []
    }

    private static func unregistered(_ descriptor: FileDescriptor) -> ConnectionID {
        ConnectionID(descriptor: descriptor.rawValue, generation: 0)
    }

    // MARK: Stopping

    private func startDraining(until deadline: Int64) {
        drainDeadline = min(deadline, drainDeadline ?? deadline)
        surroundings.isDraining = true
        closeListeners()
        for connection in connections.compacted() where connection.machine.owesNothing { close(connection) }
    }

    private var isDrained: Bool {
        guard let drainDeadline else { return false }
        return connectionCount == 0 || surroundings.now >= drainDeadline
    }
}

extension EventLoop: AnswerDelivery {
    func deliver(_ make: @escaping @Sendable () -> HTTPResponse, for exchange: HTTPExchange) {
        if isOnLoop, exchange === currentExchange {
            currentAnswer = make
        } else {
            mailbox.post(.answer(exchange, make))
        }
    }

    func clientHasLeft(_ exchange: HTTPExchange) {
        mailbox.post(.clientHasLeft(exchange))
    }

    func run(_ action: @escaping @Sendable () -> Void) {
        mailbox.post(.run(action))
    }

    private var isOnLoop: Bool {
        threadHandle.load(ordering: .acquiring) == pthread_self()
    }
}

/// What the loop keeps of a connection beside its state machine.
private final class Connection {
    let id: ConnectionID
    var machine: HTTPConnection
    /// The request that is being handled.
    var exchange: HTTPExchange?
    /// Output that the socket would not take, from `unsentStart`.
    var unsent: [UInt8] = []
    var unsentStart = 0
    var isOpen = true
    /// The socket may have something to read. Edge-triggered events tell only once.
    var isReadable = false
    /// It waits for its next turn.
    var isPostponed = false
    /// The client has shut its sending side down, though there may be something to read before that.
    var clientHasLeft = false
    /// How much of the memory for all connections this one is using.
    var accountedBytes = 0

    init(id: ConnectionID, machine: HTTPConnection) {
        self.id = id
        self.machine = machine
    }

    var descriptor: FileDescriptor { FileDescriptor(rawValue: id.descriptor) }
    var hasUnsentBytes: Bool { unsentStart < unsent.count }
}

extension Array {
    fileprivate func compacted<Wrapped>() -> [Wrapped] where Element == Wrapped? {
        compactMap { $0 }
    }
}
