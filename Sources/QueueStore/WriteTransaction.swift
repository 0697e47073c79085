import Crypto
import QueueModel
import SQLite

/// What the operations of one batch share: the connection, the time, and caches of rows that only this thread changes.
///
/// One object lives as long as its connection; each batch begins and ends it anew.
package final class WriteTransaction {
    /// The connection without the messages that were sent in this batch and are still on their way into their tables. For
    /// statements that do not look at messages.
    let database: Connection
    /// Messages sent in this batch that are not in their tables yet.
    var arrivals = Arrivals()
    let options: StoreOptions
    /// One time for all of a batch, so that its rows agree.
    package private(set) var now = Timestamp(milliseconds: 0)
    /// What the batch did that somebody may wait for.
    package var news = BatchNews()
    /// What the file has behind the end of the database. A batch that fails may leave it too large, which harms nobody.
    var fileEnd = FileEnd()

    private var counts = CountCache()
    private var sequence: SequenceAllocator
    private var queues: [QueueName: QueueRecord] = [:]
    private var queuesByID: [QueueID: QueueRecord] = [:]
    /// The queue that was asked for last, and most often is asked for next: three texts are sooner compared than hashed.
    private var latestQueue: QueueRecord?
    private var newsBeforeJob = BatchNews()
    private var jobChangedQueues = false
    /// Nil until a job of this batch asks.
    private var room: DiskRoom?
    /// Of the messages that were sent in this batch.
    private var sentBytes = 0
    /// Of the bodies that got another number in this batch.
    var rewrittenBytes = 0
    /// What `changedRows` was when this batch began.
    private var rowsBefore: Int64 = 0
    /// Rows that a batch may change before it is a long one.
    package static let rowsMax: Int64 = 5000

    init(connection: Connection, options: StoreOptions) throws(SQLiteError) {
        database = connection
        self.options = options
        sequence = try SequenceAllocator(on: connection)
    }

    /// The connection, for statements that see all messages.
    var connection: Connection {
        get throws(SQLiteError) {
            // After an error SQLite may have ended the transaction: what is written then would be committed by itself.
            if let failure { throw failure }
            try arrivals.write(on: database)
            return database
        }
    }

    // MARK: Batch and job

    func begin(now: Timestamp) throws(SQLiteError) {
        self.now = now
        news = BatchNews()
        failure = nil
        room = nil
        sentBytes = 0
        rewrittenBytes = 0
        rowsBefore = changedRows
        try database.statement("BEGIN IMMEDIATE").run()
    }

    func commit() throws(SQLiteError) {
        try counts.flush(on: try connection, at: now)
        news.hasSpareRoom = try FileSpace.isPlenty(on: database, kept: options.freePagesKept)
        try database.statement("COMMIT").run()
        sequence.commit()
    }

    /// Undoes the whole batch, in the file and in memory.
    func rollBack() {
        // SQLite may have rolled back by itself, and then there is nothing left to undo.
        if !database.isAutocommit { try? database.statement("ROLLBACK").run() }
        arrivals.discard()
        counts.forget()
        sequence.rollBack()
        forgetQueues()
        news = BatchNews()
    }

    /// Set once SQLite has lost the whole transaction: nothing of the batch can be committed any more.
    private(set) var failure: SQLiteError?

    /// Runs an operation: if it fails, it leaves nothing behind and the batch goes on.
    package func perform<Operation: WriteOperation>(_ operation: Operation) -> Result<Operation.Output, QueueError> {
        guard failure == nil else { return .failure(.storageFailed) }
        return Operation.checksBeforeChanging ? performDirectly(operation) : performInSavepoint(operation)
    }

    private func performDirectly<Operation: WriteOperation>(
        _ operation: Operation
    ) -> Result<Operation.Output, QueueError> {
        let changes = changedRows
        do {
            return .success(try operation.run(in: self))
        } catch let error as QueueError where changedRows == changes {
            return .failure(error)
        } catch {
            assert(!(error is QueueError), "\(Operation.self) refused after it had changed something")
            // What it has changed by now cannot be told from what others have: the batch goes as a whole.
            failure = error as? SQLiteError ?? SQLiteError(code: 1, message: "unforeseen: \(error)")
            return .failure(.storageFailed)
        }
    }

    /// Rows changed so far. Those of arrivals count from the moment they are sent, so that no job seems to have changed what
    /// it only made to be written.
    package var changedRows: Int64 { database.totalChanges + Int64(arrivals.rowCount) }

    private func performInSavepoint<Operation: WriteOperation>(
        _ operation: Operation
    ) -> Result<Operation.Output, QueueError> {
        do {
            try beginJob()
            let output = try operation.run(in: self)
            try connection.statement("RELEASE job").run()
            return .success(output)
        } catch {
            return .failure(afterJobFailed(error))
        }
    }

    private func beginJob() throws(SQLiteError) {
        try connection.statement("SAVEPOINT job").run()
        counts.beginJob()
        newsBeforeJob = news
        jobChangedQueues = false
    }

    private func afterJobFailed(_ error: any Error) -> QueueError {
        do {
            // SQLite rolls the whole transaction back by itself after some errors (https://sqlite.org/c3ref/get_autocommit.html).
            if database.isAutocommit { throw error }
            try rollBackJob()
        } catch {
            failure = error as? SQLiteError ?? SQLiteError(code: 1, message: "transaction lost: \(error)")
            return .storageFailed
        }
        switch error {
        case let error as QueueError: return error
        case let error as SQLiteError where error.isDiskFull: return .storageFull
        default:
            // Whatever it was, the batch is not to be trusted with a commit.
            failure = error as? SQLiteError
            return .storageFailed
        }
    }

    private func rollBackJob() throws(SQLiteError) {
        counts.rollBackJob()
        sequence.rollBack()
        news = newsBeforeJob
        if jobChangedQueues { forgetQueues() }
        // All others were written before the savepoint.
        arrivals.discard()
        try database.statement("ROLLBACK TO job").run()
        try database.statement("RELEASE job").run()
    }

    /// What it has to write takes so long by now that other requests are better left to the next batch.
    package var isLong: Bool { sentBytes >= Self.rewrittenMax || changedRows - rowsBefore >= Self.rowsMax }

    /// No other queue's messages should be moved in this batch.
    package var hasRewrittenMuch: Bool { rewrittenBytes >= Self.rewrittenMax }

    // MARK: Queues

    /// The queue of that name, or nil.
    package func queue(_ name: QueueName) throws(SQLiteError) -> QueueRecord? {
        if let latestQueue, latestQueue.name == name { return latestQueue }
        if let known = queues[name] {
            latestQueue = known
            return known
        }
        guard let found = try QueueRecord.find(name, on: database) else { return nil }
        remember(found)
        return found
    }

    /// The queue of that name; throws ``QueueError/queueDoesNotExist``.
    package func existingQueue(_ name: QueueName) throws -> QueueRecord {
        guard let queue = try queue(name) else { throw QueueError.queueDoesNotExist }
        return queue
    }

    /// Like ``existingQueue(_:)``, outside of any operation.
    package func find(_ name: QueueName) -> Result<QueueRecord, QueueError> {
        guard failure == nil else { return .failure(.storageFailed) }
        do throws(SQLiteError) {
            return try queue(name).map(Result.success) ?? .failure(.queueDoesNotExist)
        } catch {
            failure = error
            return .failure(.storageFailed)
        }
    }

    /// The queue with that id, or nil once it is deleted.
    package func queue(_ id: QueueID) throws(SQLiteError) -> QueueRecord? {
        if let known = queuesByID[id] { return known }
        guard let found = try QueueRecord.find(id, on: database) else { return nil }
        remember(found)
        return found
    }

    /// The queue that holds a backlog; nil if the backlog has been purged or its queue deleted.
    func queue(holding backlog: BacklogID) throws(SQLiteError) -> QueueRecord? {
        let id = try database.statement("SELECT queue_id FROM backlog WHERE id = ?").first(backlog.rawValue) {
            $0.integerOrNil(0)
        }
        guard let id = id ?? nil else { return nil }
        return try queue(QueueID(id))
    }

    /// Must follow every change of a queue's row.
    func queueChanged(_ queue: QueueRecord) {
        jobChangedQueues = true
        queues[queue.name] = nil
        queuesByID[queue.id] = nil
        latestQueue = nil
        news.changedQueues.insert(queue.id)
    }

    private func remember(_ queue: QueueRecord) {
        queues[queue.name] = queue
        queuesByID[queue.id] = queue
        latestQueue = queue
    }

    private func forgetQueues() {
        queues.removeAll()
        queuesByID.removeAll()
        latestQueue = nil
    }

    // MARK: Room

    /// Throws ``QueueError/storageFull`` if there is no room for a message of that size.
    func takeRoom(_ bytes: Int) throws {
        var room = try room ?? measureRoom()
        let isEnough = room.take(bytes)
        self.room = room
        if !isEnough { throw QueueError.storageFull }
        sentBytes += bytes
    }

    private func measureRoom() throws(SQLiteError) -> DiskRoom {
        // Behind another VFS the system knows nothing of the file.
        let onDisk = options.vfs == nil ? DiskRoom.freeBytes(beside: options.path) : nil
        guard let onDisk, onDisk < DiskRoom.plenty else { return DiskRoom(onDisk: DiskRoom.plenty, inFile: 0) }
        let pages = try database.statement(
            "SELECT freelist_count, page_size FROM pragma_freelist_count, pragma_page_size"
        ).first { (free: $0.integer(0), size: $0.integer(1)) }
        guard let pages else { return DiskRoom(onDisk: onDisk, inFile: 0) }
        // What is only in the log is to come to the file too: very much if somebody reads for long. Else the reserve is for it.
        let owed = max(0, database.uncopiedPageCount - Store.ordinaryLogPages)
        return DiskRoom(onDisk: onDisk - Int64(owed) * pages.size, inFile: pages.free * pages.size)
    }

    // MARK: Counts, sequence numbers, random bytes

    /// Whether messages of the queue are in flight or delayed. Asked outside of any operation.
    package func hasHiddenMessages(_ queue: QueueRecord) -> Bool {
        do throws(SQLiteError) {
            let counts = try counts(of: queue.backlog)
            return counts.inFlight + counts.delayed > 0
        } catch {
            failure = error
            return true
        }
    }

    func counts(of backlog: BacklogID) throws(SQLiteError) -> BacklogCounts {
        try counts.counts(of: backlog, on: database)
    }

    func changeCounts(of backlog: BacklogID, _ change: (inout BacklogCounts) -> Void) throws(SQLiteError) {
        try counts.change(backlog, on: database, change)
    }

    func forgetCounts(of backlog: BacklogID) { counts.forget(backlog) }

    func nextSequenceNumber() throws(SQLiteError) -> SequenceNumber { try sequence.allocate(on: database) }

    func randomMessageID() -> MessageID { MessageID(random: options.random.bytes(16)) }
}

/// What a batch did that the engine's timers and waiting receivers have to learn of.
package struct BatchNews: Sendable {
    /// Queues in which messages may be received that could not before.
    package var availableQueues: Set<QueueID> = []
    /// Queues in which a receive gave up among messages that it could not hand out; there may be others behind them.
    package var unfinishedQueues: Set<QueueID> = []
    /// Queues whose settings, backlog or existence changed.
    package var changedQueues: Set<QueueID> = []
    /// Queues that got messages, whose retention has to be watched.
    package var queuesWithArrivals: Set<QueueID> = []
    /// Queues that got messages sent some time ago, which may expire before those that were there.
    package var queuesWithOldArrivals: Set<QueueID> = []
    /// The earliest moment at which a message hidden by this batch becomes visible.
    package var nextVisibleAt: Timestamp?
    /// Queues in which a message came back that has been received as often as its queue allows.
    package var queuesWithExhausted: Set<QueueID> = []
    /// Queues whose last message left, in whatever state it was.
    package var emptiedQueues: Set<QueueID> = []
    /// Queues from which a message move task was started.
    package var queuesWithMoveTask: Set<QueueID> = []
    /// The delay of a FIFO queue was changed, and messages from here on have not been looked at for it.
    package var delayChange: ChangeDelays.Position?
    /// Backlogs were cut off from their queue and wait to be emptied.
    package var leftBacklogs = false
    /// So much of the file is free that some of it is to be given back.
    package var hasSpareRoom = false

    /// Records that expire were written: deduplication ids, receive attempts, names of deleted queues.
    package var recordsExpire = false

    mutating func messageHidden(until visibleAt: Timestamp) {
        nextVisibleAt = nextVisibleAt.map { min($0, visibleAt) } ?? visibleAt
    }
}
