import QueueModel
import SQLite

/// How many messages of each state a backlog has.
struct BacklogCounts {
    /// Fresh ones, and those that are ready otherwise.
    private(set) var visible = 0
    private(set) var inFlight = 0
    private(set) var delayed = 0
    private(set) var fresh = 0
    /// No message with a lower number is fresh.
    private(set) var freshFrom = SequenceNumber(0)

    init() {}

    init(_ row: Row) {
        visible = Int(row.integer(0))
        inFlight = Int(row.integer(1))
        delayed = Int(row.integer(2))
        fresh = Int(row.integer(3))
        freshFrom = SequenceNumber(row.integer(4))
    }

    var total: Int { visible + inFlight + delayed }

    subscript(state: MessageState) -> Int {
        get {
            switch state {
            case .fresh: fresh
            case .ready: visible - fresh
            case .inFlight: inFlight
            case .delayed: delayed
            }
        }
        set {
            switch state {
            case .fresh:
                visible += newValue - fresh
                fresh = newValue
            case .ready: visible = fresh + newValue
            case .inFlight: inFlight = newValue
            case .delayed: delayed = newValue
            }
        }
    }

    /// A message that is new to the backlog, and numbered after all that are there.
    mutating func arrived(_ id: SequenceNumber, as state: MessageState) {
        if state == .fresh, fresh == 0 { freshFrom = id }
        self[state] += 1
    }

    /// The fresh messages before this one have been found to be gone.
    mutating func freshBegin(at id: SequenceNumber) { freshFrom = id }
}

/// The message counts of backlogs that the running transaction touches. They are read when first needed, changed in
/// memory, and written once before the commit, so that ten sends to a queue cost one update of its row.
struct CountCache {
    private struct Entry {
        var counts: BacklogCounts
        var isDirty = false
    }

    private var entries: [BacklogID: Entry] = [:]
    private var dirty: [BacklogID] = []
    /// What entries looked like before the running job changed them.
    private var undo: [(backlog: BacklogID, entry: Entry)] = []

    mutating func counts(of backlog: BacklogID, on connection: Connection) throws(SQLiteError) -> BacklogCounts {
        if let entry = entries[backlog] { return entry.counts }
        let counts =
            try connection.statement(
                "SELECT ready, in_flight, delayed, fresh, fresh_from FROM backlog WHERE id = ?"
            ).first(backlog.rawValue, read: BacklogCounts.init) ?? BacklogCounts()
        entries[backlog] = Entry(counts: counts)
        return counts
    }

    mutating func change(
        _ backlog: BacklogID, on connection: Connection, _ change: (inout BacklogCounts) -> Void
    ) throws(SQLiteError) {
        _ = try counts(of: backlog, on: connection)
        guard var entry = entries[backlog] else { return }
        undo.append((backlog, entry))
        change(&entry.counts)
        assert([.fresh, .ready, .inFlight, .delayed].allSatisfy { entry.counts[$0] >= 0 })
        if !entry.isDirty { dirty.append(backlog) }
        entry.isDirty = true
        entries[backlog] = entry
    }

    mutating func beginJob() { undo.removeAll(keepingCapacity: true) }

    mutating func rollBackJob() {
        for (backlog, entry) in undo.reversed() {
            entries[backlog] = entry
            if !entry.isDirty { dirty.removeAll { $0 == backlog } }
        }
        undo.removeAll(keepingCapacity: true)
    }

    /// Writes what has changed to the rows of the backlogs.
    mutating func flush(on connection: Connection, at now: Timestamp) throws(SQLiteError) {
        for backlog in dirty {
            guard let counts = entries[backlog]?.counts else { continue }
            try connection.statement(
                """
                UPDATE backlog SET ready = ?, in_flight = ?, delayed = ?, fresh = ?, fresh_from = ?, changed_at = ?
                WHERE id = ?
                """
            ).run(
                counts.visible, counts.inFlight, counts.delayed, counts.fresh, counts.freshFrom.rawValue,
                now.milliseconds,
                backlog.rawValue)
            entries[backlog]?.isDirty = false
        }
        dirty.removeAll(keepingCapacity: true)
        // No job can be undone any more. Not all jobs begin with beginJob.
        undo.removeAll(keepingCapacity: true)
    }

    /// Forgets everything: what is in the rows is the truth.
    mutating func forget() { self = CountCache() }

    /// Forgets one backlog, which is no more.
    mutating func forget(_ backlog: BacklogID) {
        entries[backlog] = nil
        dirty.removeAll { $0 == backlog }
    }
}
