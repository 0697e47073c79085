import QueueModel
import SQLite
import TestSupport

@testable import QueueEngine
@testable import QueueStore

/// How the history sees what happens inside of a batch.
extension RandomHistory {
    /// After this job the history looks at the store, to know which messages it moved, and not a later one.
    func observed(_ job: any Job) -> any Job { ObservedJob(job: job, history: Unchecked(self)) }

    /// Looks at what the sweeps have done, before the first job.
    func lookAtSweeps() -> any Job { LookJob(history: Unchecked(self)) }

    private struct ObservedJob: Job {
        let job: any Job
        let history: Unchecked<RandomHistory>

        func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer? {
            let history = history.value
            let answer = job.run(in: core, transaction)
            let look = history.look(at: transaction) { try StoreInvariants.messages(on: $0) }
            let stored = StoredMessages { try look.get() }
            return { failure in
                if failure == nil {
                    history.answers.append { [unowned history] _ in
                        history.model.beginMoment()
                        try history.model.adoptMoves(stored)
                    }
                }
                history.seen = stored
                answer?(failure)
                history.seen = nil
            }
        }

        func refuse(in core: EngineCore, with error: QueueError) { job.refuse(in: core, with: error) }
    }

    private struct LookJob: Job {
        let history: Unchecked<RandomHistory>

        func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer? {
            let history = history.value
            let look = history.look(at: transaction) { try Sweeps(on: $0, of: history.names, after: history.model) }
            return { failure in
                if failure != nil { return }
                history.answers.insert(
                    { [unowned history] _ in if let sweeps = try look.get() { try history.take(sweeps) } }, at: 0)
            }
        }

        func refuse(in core: EngineCore, with error: QueueError) {}
    }

    private func look<Found>(
        at transaction: WriteTransaction, _ body: (Connection) throws -> Found
    ) -> Result<Found, any Error> {
        // Once SQLite has given the transaction up, what a look at it writes would be committed at once.
        if let failure = transaction.failure { return .failure(failure) }
        return engine.files.undisturbed { Result { try body(transaction.connection) } }
    }

    private func take(_ sweeps: Sweeps) throws {
        for line in try model.adoptSweeps(sweeps) { tell(line) }
        moves += sweeps.arrivals.count
    }
}

/// What the store holds at some moment, read when it is asked for first. Most moments nobody asks for: nothing can have
/// been moved.
final class StoredMessages {
    private let read: () throws -> ReferenceQueues.Stored
    private var found: ReferenceQueues.Stored?

    init(_ read: @escaping () throws -> ReferenceQueues.Stored) { self.read = read }

    func get() throws -> ReferenceQueues.Stored {
        let found = try found ?? read()
        self.found = found
        return found
    }
}

/// What the sweeps left.
struct Sweeps {
    let stored: ReferenceQueues.Stored
    /// The latest tasks of each queue, newest first.
    let tasks: [QueueName: [MessageMoveTask]]
    /// The bodies of the messages that the model does not know.
    let arrivals: [MessageID: String]

    /// Nil if no task has done anything since `model` was up to date.
    init?(on connection: Connection, of names: [QueueName], after model: ReferenceQueues) throws {
        let running = try connection.statement("SELECT id, moved FROM message_move_task WHERE status = 'RUNNING'").all {
            ($0.text(0), Int($0.integer(1)))
        }
        if Dictionary(uniqueKeysWithValues: running) == model.runningMoveTasks { return nil }
        stored = try StoreInvariants.messages(on: connection)
        let transaction = ReadTransaction(connection: connection)
        var tasks: [QueueName: [MessageMoveTask]] = [:]
        for name in names where try QueueRecord.find(name, on: connection) != nil {
            tasks[name] = try ListMessageMoveTasks(source: name, limit: 10).run(in: transaction)
        }
        self.tasks = tasks
        let known = model.ids
        let new = stored.values.joined().filter { !known.contains($0) }
        arrivals = try Dictionary(
            uniqueKeysWithValues: new.map { id in
                let body = try connection.statement(
                    """
                    SELECT body FROM message JOIN queue USING (backlog_id)
                    JOIN message_body ON message_body.id = message.id WHERE message_id = ?
                    """
                ).first(id.bytes) { $0.bytes(0) }
                return (id, String(decoding: body ?? [], as: UTF8.self))
            })
    }
}
