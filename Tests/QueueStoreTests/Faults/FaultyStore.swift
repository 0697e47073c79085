import Crypto
import QueueModel
import SQLite
import TestSupport

@testable import QueueStore

/// The store broke its promise.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A store on a disk that fails, with clients that send it random requests and remember what was acknowledged. Whenever
/// the store is opened or used again, what it holds is held against that.
final class FaultyStore {
    /// What clients know, and what the file must hold for it.
    struct Knowledge {
        var contents: StoreContents
        /// The MD5 of every message that was sent and is not gone.
        var messages: [MessageID: [UInt8]] = [:]
        /// The last sequence number given out.
        var lastNumber = SequenceNumber(0)
    }

    let disk: FaultVFS
    private(set) var store: Store?
    /// Holds a snapshot at times, past which no checkpoint can go.
    private var reader: Connection?
    /// What the store reported.
    let failures = FailureLog()
    private let random: SeededRandom
    private var options: StoreOptions
    private var requests: RandomRequests
    private var now = Timestamp(milliseconds: 1_700_000_000_000)

    /// Nil before the first batch.
    private var acknowledged: Knowledge?
    /// The store has been opened anew, or a batch failed: what it holds has to be looked at.
    private var isUnsettled = true
    /// What a batch that failed would have left. It may be there, but only all of it.
    private var unanswered: Knowledge?
    private var key: [UInt8]?

    private(set) var batches = 0
    private(set) var acknowledgedBatches = 0

    init(seed: UInt64, durability: StoreOptions.Durability = .full) {
        disk = FaultVFS(seed: seed)
        random = SeededRandom(seed: seed)
        options = StoreOptions(
            path: "store.db", durability: durability, vfs: disk.name, strictLimits: false, inFlightMax: 30,
            random: SeededRandom(seed: seed &+ 1))
        options.freePagesKept = 4
        requests = RandomRequests(random: random)
    }

    /// A random number, at least 0.
    func number(below bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    func pick<Element>(_ elements: [Element]) -> Element { elements[number(below: elements.count)] }

    var failedFatally: Bool { failures.all.contains { $0.isFatal } }

    // MARK: Life of the store

    func open() throws {
        let opened = try Store(options: options, now: now) { [failures] in failures.append($0) }
        store = opened
        // Set only when the store has told its key to somebody.
        if let key, key != opened.receiptHandleKey { throw BrokenPromise("the key of the receipt handles has changed") }
        key = opened.receiptHandleKey
        isUnsettled = true
        // Most checkpoints come after a few batches here.
        opened.checkpointPages = pick([20, 100, 1000])
    }

    /// A clean stop.
    func close() {
        reader = nil
        store?.close()
        store = nil
    }

    /// The process is gone; what it wrote is there.
    func kill() {
        disk.killProcess()
        reader = nil
        store = nil
    }

    /// The power is gone, and comes back.
    func losePower(_ fate: FaultVFS.Fate) {
        disk.cutPower()
        reader = nil
        store = nil
        disk.restorePower(unsynced: fate, seed: random.next())
    }

    /// Another thread begins to read, or ends.
    private func read() {
        disk.undisturbed {
            if reader != nil {
                reader = nil
            } else if let opened = try? Connection(path: options.path, mode: .readOnly, vfs: disk.name) {
                // Where the power is off nobody reads.
                try? opened.beginReading()
                reader = opened
            }
        }
    }

    /// Another thread copies what the log holds, which is what a store does with a long one.
    private func catchUp() {
        do throws(SQLiteError) {
            let rounds = try CatchUpRounds(path: options.path, vfs: disk.name, pagesLeft: 0)
            while try rounds.next() == .goesOn {}
            try rounds.close()
        } catch {
            failures.append(StoreFailure(checkpoint: error))
        }
    }

    // MARK: Batches

    /// Sends a batch of requests. True if they were acknowledged.
    @discardableResult
    func batch(_ kind: RandomRequests.Kind = .any) throws -> Bool {
        guard let store else { preconditionFailure("the store is closed") }
        batches += 1
        if number(below: 8) == 0 { read() }
        if number(below: 8) == 0 { catchUp() }
        now = now.adding(milliseconds: Int64(number(below: 2000)))
        var draft: Knowledge?
        var broken: (any Error)?
        let result = store.transact(at: now) { transaction in
            do {
                var knowledge = try known(transaction.connection)
                requests.begin(after: knowledge.lastNumber)
                for _ in 0...number(below: 5) { requests.perform(kind, in: transaction, on: disk) }
                // Nothing of a lost transaction will be found later. Messages that cannot be written fail the commit.
                guard transaction.failure == nil, let connection = try? transaction.connection else { return }
                knowledge.contents = try look(connection)
                requests.apply(to: &knowledge.messages)
                knowledge.lastNumber = requests.lastNumber
                draft = knowledge
            } catch {
                broken = error
            }
        }
        if let broken { throw broken }
        store.checkpointIfDue()
        switch result {
        case .success:
            acknowledged = draft
            acknowledgedBatches += 1
            requests.acknowledged()
            return true
        case .failure(let error):
            guard error == .storageFull || error == .storageFailed else {
                throw BrokenPromise("a batch failed with \(error)")
            }
            lastError = error
            if let draft { unanswered = draft }
            isUnsettled = true
            return false
        }
    }

    private(set) var lastError: QueueError?

    // MARK: The oracle

    /// A transaction's connection writes what was sent when it is asked for, which is part of the look.
    private func look(_ connection: @autoclosure () throws -> Connection) throws -> StoreContents {
        try disk.undisturbed { try StoreContents(on: connection()) }
    }

    private func known(_ connection: Connection) throws -> Knowledge {
        guard !isUnsettled, let acknowledged else { return try settle(connection) }
        return acknowledged
    }

    /// Finds out whether what was not answered was done, and holds the contents against what was acknowledged.
    private func settle(_ connection: Connection) throws -> Knowledge {
        let contents = try look(connection)
        let before = acknowledged ?? Knowledge(contents: contents)
        var found = before
        if contents != before.contents {
            guard let pending = unanswered, pending.contents == contents else {
                let difference = try contents.difference(to: before.contents, on: connection)
                throw BrokenPromise("acknowledged changes are lost, or others half done:\n\(difference)")
            }
            found = pending
        }
        let messages = try disk.undisturbed { try StoreContents.messages(on: connection) }
        guard found.messages == messages else {
            let lost = found.messages.keys.filter { messages[$0] == nil }
            let back = messages.keys.filter { found.messages[$0] == nil }
            throw BrokenPromise("\(lost.count) messages are lost, \(back.count) are back or made up, or bodies differ")
        }
        acknowledged = found
        unanswered = nil
        isUnsettled = false
        return found
    }

    /// Looks at the whole file. The store must be open.
    func check() throws {
        guard let store else { preconditionFailure("the store is closed") }
        var broken: (any Error)?
        let result = store.transact(at: now) { transaction in
            do {
                _ = try settle(transaction.connection)
                let damaged = try StoreContents.damagedBodies(on: transaction.connection)
                guard damaged.isEmpty else { throw BrokenPromise("bodies \(damaged) are not what was sent") }
            } catch {
                broken = error
            }
        }
        if let broken { throw broken }
        _ = try result.get()
        let invariants = try StoreInvariants(path: options.path, vfs: disk.name)
        let violations = try invariants.damage() + invariants.violations()
        try invariants.close()
        guard violations.isEmpty else { throw BrokenPromise(violations.joined(separator: "\n")) }
    }
}
