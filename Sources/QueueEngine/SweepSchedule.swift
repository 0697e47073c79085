import QueueModel
import QueueStore

/// What the sweepers have to do and when. Everything here can be had again from the store.
struct SweepSchedule {
    /// Messages a sweep deals with in one batch, so that no request waits for more than that; of what is due, as many as
    /// requests sent if those are more.
    private static let messagesPerBatch = 200
    /// As many as a sweep that nobody waits for deals with right after requests, so that it comes to an end however many there
    /// are.
    private static let messagesAfterRequests = 12
    /// What moving a message costs, measured in messages that are removed: it is written anew into all its tables.
    private static let costOfMove = 4
    /// The same for a message of a group that becomes visible: it changes pages of its own in the indexes of groups.
    private static let costOfGroup = 4
    /// Queues looked at in one batch.
    private static let queuesPerBatch = 50
    /// Pages that are given back in one batch, and the time that this may take: about a fifth of what a commit takes.
    private static let pagesPerBatch = 1000
    private static let givingBackNanoseconds: Int64 = 1_000_000
    /// The rest between two batches that give pages back.
    private static let givingBackPauseMilliseconds: Int64 = 10
    /// How long room stays free before it is given back: whoever comes back soon finds it.
    private static let spareRoomSeconds = 10

    /// Of sweeps that nobody waits for: move tasks, what purges have left, and very many messages that expire at once.
    private var unawaitedMessages = Self.messagesPerBatch
    /// Messages that requests may have sent in the batch before.
    private var messagesOfRequests = 0
    /// The batch before could not make all messages visible whose time had come.
    private var isVisibilityBehind = false
    /// The batch before could not remove all messages whose retention was over.
    private var isExpiryBehind = false
    /// The batch before could not move all exhausted messages whose grace was over.
    private var areExhaustedBehind = false
    private let graceMilliseconds: Int64
    private let stopwatch: @Sendable () -> Int64
    private var visibility: Timestamp?
    private var retention = Deadlines<QueueID>()
    private var exhausted = Deadlines<QueueID>()
    private var moves = Deadlines<QueueID>()
    /// Queues whose message move task waits for what is hidden.
    private var waitingMoves: Set<QueueID> = []
    /// How far the pass has come that gives messages the new delay of their queue, and when it goes on.
    private var delayChange: (due: Timestamp, from: ChangeDelays.Position?)?
    private var leftBacklogs: Timestamp?
    private var records: Timestamp?
    private var spareRoom: Timestamp?

    /// Everything is looked at once after the start.
    init(
        queues: [QueueID], queuesWithMoveTask: [QueueID], changesDelays: Bool, now: Timestamp, options: EngineOptions
    ) {
        graceMilliseconds = options.redriveGraceMilliseconds
        stopwatch = options.stopwatch
        visibility = now
        leftBacklogs = now
        records = now
        for queue in queues {
            retention.set(queue, to: now)
            exhausted.set(queue, to: now)
        }
        for queue in queuesWithMoveTask { moves.set(queue, to: now) }
        if changesDelays { delayChange = (now, nil) }
    }

    /// When the next sweep is due.
    var next: Timestamp? {
        mutating get {
            nextOfMessages.orEarlier(spareRoom)
        }
    }

    private var nextOfMessages: Timestamp? {
        mutating get {
            visibility.orEarlier(retention.next).orEarlier(exhausted.next).orEarlier(moves.next)
                .orEarlier(delayChange?.due).orEarlier(leftBacklogs).orEarlier(records)
        }
    }

    /// There are messages whose time to be visible has come and that are still hidden.
    func isBehind(at now: Timestamp) -> Bool { visibility.map { $0 <= now } ?? false }

    /// Takes up what a batch has done. Queues are taken in their order, so that a history can be replayed.
    mutating func note(_ news: BatchNews, at now: Timestamp) {
        if let visibleAt = news.nextVisibleAt { visibility = min(visibility ?? visibleAt, visibleAt) }
        if let position = news.delayChange { delayChange = (now, position) }
        if news.leftBacklogs { leftBacklogs = now }
        if news.hasSpareRoom, spareRoom == nil { spareRoom = now.adding(seconds: Self.spareRoomSeconds) }
        if news.recordsExpire, records == nil { records = now.adding(seconds: Limits.deduplicationSeconds) }
        for queue in news.changedQueues.union(news.queuesWithOldArrivals).sorted() { retention.set(queue, to: now) }
        // A queue that has its moment needs no other: later arrivals expire later.
        for queue in news.queuesWithArrivals.sorted() where retention.due(of: queue) == nil {
            retention.set(queue, to: now)
        }
        for queue in news.queuesWithExhausted.sorted() where exhausted.due(of: queue) == nil {
            exhausted.set(queue, to: now.adding(milliseconds: graceMilliseconds))
        }
        for queue in news.queuesWithMoveTask.sorted() { moves.set(queue, to: now) }
        wakeMoves(news, at: now)
    }

    private mutating func wakeMoves(_ news: BatchNews, at now: Timestamp) {
        guard !waitingMoves.isEmpty else { return }
        // A queue that changes may be the destination of any of them, and be gone.
        let woken =
            news.changedQueues.isEmpty
            ? waitingMoves.filter { news.availableQueues.contains($0) || news.emptiedQueues.contains($0) }
            : waitingMoves
        waitingMoves.subtract(woken)
        for queue in woken.sorted() { moves.set(queue, to: now) }
    }

    /// Lets the next batch do little for sweeps that nobody waits for if requests changed rows in this one. A part that grew
    /// with the requests would make batches longer, and longer batches gather more requests.
    ///
    /// From then on the part doubles with each batch: many clients that have just been answered all at once are only getting
    /// their next requests ready, and should not find a long batch under way each time.
    mutating func makeWay(forRequests changedRows: Int64) {
        unawaitedMessages =
            changedRows > 0 ? Self.messagesAfterRequests : min(2 * unawaitedMessages, Self.messagesPerBatch)
        // A message that is sent takes two rows at least.
        messagesOfRequests = Int(changedRows / 2)
    }

    /// What is due in one batch at most. As many may be due all along as are sent, however many that are, or there would be
    /// more and more left.
    private var duePerBatch: Int { max(Self.messagesPerBatch, messagesOfRequests) }

    /// Messages expire, become visible, and are moved as exhausted ones, at their moment. Only if they are too many for one
    /// batch do they make way for requests.
    private func dueMessages(cost: Int, isBehind: Bool) -> Int {
        isBehind ? min(unawaitedMessages / cost + messagesOfRequests, duePerBatch) : duePerBatch
    }

    /// Does a batch's worth of everything that is due.
    mutating func run(in transaction: WriteTransaction) {
        let now = transaction.now
        if let due = visibility, due <= now {
            let groupedMax = dueMessages(cost: Self.costOfGroup, isBehind: isVisibilityBehind)
            visibility = Self.nextDue(
                MakeDueMessagesVisible(limit: duePerBatch, groupedMax: groupedMax), transaction)
        }
        isVisibilityBehind = isBehind(at: now)
        Self.sweepDue(&retention, dueMessages(cost: 1, isBehind: isExpiryBehind), transaction) {
            RemoveExpiredMessages(queue: $0, limit: $1)
        }
        isExpiryBehind = retention.next.map { $0 <= now } ?? false
        let exhaustedMax = dueMessages(cost: Self.costOfMove, isBehind: areExhaustedBehind)
        Self.sweepDue(&exhausted, exhaustedMax, transaction) { [graceMilliseconds] in
            MoveExhaustedMessages(queue: $0, limit: $1, graceMilliseconds: graceMilliseconds)
        }
        areExhaustedBehind = exhausted.next.map { $0 <= now } ?? false
        var messagesLeft = unawaitedMessages / Self.costOfMove
        while messagesLeft > 0, !transaction.hasRewrittenMuch, let queue = moves.popDue(at: now) {
            messagesLeft -= max(moveMessages(from: queue, limit: messagesLeft, transaction), 1)
        }
        if let change = delayChange, change.due <= now { delayChange = goOn(from: change.from, transaction) }
        if let due = leftBacklogs, due <= now {
            let limit = dueMessages(cost: 1, isBehind: true)
            leftBacklogs = Self.nextDue(EmptyLeftBacklogs(limit: limit), transaction)
        }
        if let due = records, due <= now {
            // They come with the sends, and a smaller part of each batch would not keep up with those.
            records = Self.nextDue(RemoveExpiredRecords(limit: duePerBatch), transaction)
        }
        // While others have work left they also make free pages.
        if let due = spareRoom, due <= now, nextOfMessages.map({ $0 > now }) ?? true {
            spareRoom = giveBackPages(transaction)
        }
    }

    /// Goes on with the pass over delayed messages. Returns when and where its next part begins.
    private func goOn(
        from position: ChangeDelays.Position?, _ transaction: WriteTransaction
    ) -> (due: Timestamp, from: ChangeDelays.Position?)? {
        // Each row that requests change may be a message that is hidden anew, and the pass must come to its end.
        let limit = unawaitedMessages + 2 * messagesOfRequests
        return switch transaction.perform(ChangeDelays(from: position, limit: limit)) {
        case .success(let next): next.map { (transaction.now, $0) }
        case .failure: (transaction.now.adding(seconds: 1), position)
        }
    }

    /// Makes the file a little shorter. Returns when to go on.
    private func giveBackPages(_ transaction: WriteTransaction) -> Timestamp? {
        let end = stopwatch() + Self.givingBackNanoseconds
        let sweep = GiveBackFreePages(limit: Self.pagesPerBatch) { [stopwatch] in stopwatch() >= end }
        let earliest = transaction.now.adding(milliseconds: Self.givingBackPauseMilliseconds)
        return Self.nextDue(sweep, transaction).map { max($0, earliest) }
    }

    /// Goes on with the move task of a queue. Returns how many messages it dealt with.
    private mutating func moveMessages(
        from queue: QueueID, limit: Int, _ transaction: WriteTransaction
    ) -> Int {
        guard case .success(let progress) = transaction.perform(MoveMessages(from: queue, limit: limit)) else {
            moves.set(queue, to: transaction.now.adding(seconds: 1))
            return 0
        }
        switch progress.next {
        case .due(let due): moves.set(queue, to: due)
        case .whenChanged: waitingMoves.insert(queue)
        case .never: break
        }
        return progress.count
    }

    /// Sweeps each queue whose moment has come once, even if there is work left, until the batch has its messages.
    private static func sweepDue<QueueSweep: Sweep>(
        _ deadlines: inout Deadlines<QueueID>, _ messagesMax: Int, _ transaction: WriteTransaction,
        _ sweep: (QueueID, Int) -> QueueSweep
    ) where QueueSweep.Output == SweepResult {
        var messagesLeft = messagesMax
        var next: [(queue: QueueID, due: Timestamp?)] = []
        while messagesLeft > 0, next.count < queuesPerBatch, !transaction.hasRewrittenMuch,
            let queue = deadlines.popDue(at: transaction.now)
        {
            let result = transaction.perform(sweep(queue, messagesLeft))
            if case .success(let done) = result { messagesLeft -= done.count }
            next.append((queue, nextDue(result, transaction)))
        }
        for (queue, due) in next { deadlines.set(queue, to: due) }
    }

    private static func nextDue(
        _ sweep: some WriteOperation<SweepResult>, _ transaction: WriteTransaction
    ) -> Timestamp? {
        nextDue(transaction.perform(sweep), transaction)
    }

    /// A sweep that fails is tried again after a while; the failure itself is in the log.
    private static func nextDue(
        _ result: Result<SweepResult, QueueError>, _ transaction: WriteTransaction
    ) -> Timestamp? {
        switch result {
        case .success(let done): done.nextDue
        case .failure: transaction.now.adding(seconds: 1)
        }
    }
}
