import QueueModel
import QueueStore

/// One request on its way through a batch of the writer thread.
protocol Job: Sendable {
    /// Does the work inside the batch's transaction. The answer is kept back until the batch is on disk.
    func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer?

    /// Takes the place of ``run(in:_:)`` where there is no transaction to be had.
    func refuse(in core: EngineCore, with error: QueueError)
}

/// An answer that waits for the commit: called with nil when the batch is on disk, else with what went wrong.
typealias Answer = (QueueError?) -> Void

/// A write operation and whoever waits for its result.
struct WriteJob<Operation: WriteOperation>: Job {
    let operation: Operation
    let completion: @Sendable (Result<Operation.Output, QueueError>) -> Void

    func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer? {
        let result = transaction.perform(operation)
        let completion = completion
        // Not `map` and `??`, for which types are looked up here at run time: this is not specialised.
        return { failure in
            if let failure { completion(.failure(failure)) } else { completion(result) }
        }
    }

    func refuse(in core: EngineCore, with error: QueueError) { completion(.failure(error)) }
}

/// A receive: answered with messages, or parked until there are some or its time is over.
struct ReceiveJob: Job {
    let receiver: Receiver

    func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer? {
        core.receive(receiver, transaction)
    }

    func refuse(in core: EngineCore, with error: QueueError) {
        if !receiver.isAbandoned { receiver.completion(.failure(error)) }
    }
}

/// A receiver whose client has gone away.
struct AbandonJob: Job {
    let receiver: Receiver

    func run(in core: EngineCore, _ transaction: WriteTransaction) -> Answer? {
        core.abandon(receiver, transaction)
    }

    func refuse(in core: EngineCore, with error: QueueError) { core.forget(receiver) }
}
