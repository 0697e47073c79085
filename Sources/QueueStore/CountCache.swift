import QueueModel
import SQLite

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
                now.milliseconds, backlog.rawValue)
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
