import QueueModel
import SQLite

/// The message counts of backlogs that the running transaction touches. They are read when first needed, changed in
/// memory, and written once before the commit, so that ten sends to a queue cost one update of its row.
struct CountCache {
    /// A class, so that one look-up is enough to change it.
    private final class Entry {
        let backlog: BacklogID
        var counts: BacklogCounts
        var isDirty = false

        init(_ backlog: BacklogID, _ counts: BacklogCounts) {
            self.backlog = backlog
            self.counts = counts
        }
    }

    private var entries: [BacklogID: Entry] = [:]
    /// What was asked for last, and most often is asked for next.
    private var latest: Entry?
    private var dirty: [Entry] = []
    /// What entries looked like before the running job changed them.
    private var undo: [(entry: Entry, counts: BacklogCounts, wasDirty: Bool)] = []

    mutating func counts(of backlog: BacklogID, on connection: Connection) throws(SQLiteError) -> BacklogCounts {
        try entry(of: backlog, on: connection).counts
    }

    private mutating func entry(of backlog: BacklogID, on connection: Connection) throws(SQLiteError) -> Entry {
        if let latest, latest.backlog == backlog { return latest }
        if let known = entries[backlog] {
            latest = known
            return known
        }
        return try read(backlog, on: connection)
    }

    private mutating func read(_ backlog: BacklogID, on connection: Connection) throws(SQLiteError) -> Entry {
        let counts = try connection.statement(
            "SELECT ready, in_flight, delayed, fresh, fresh_from FROM backlog WHERE id = ?"
        ).first(backlog.rawValue, read: BacklogCounts.init)
        let entry = Entry(backlog, counts ?? BacklogCounts())
        entries[backlog] = entry
        latest = entry
        return entry
    }

    mutating func change(
        _ backlog: BacklogID, on connection: Connection, _ change: (inout BacklogCounts) -> Void
    ) throws(SQLiteError) {
        let entry = try entry(of: backlog, on: connection)
        var counts = entry.counts
        undo.append((entry, counts, entry.isDirty))
        change(&counts)
        assert([.fresh, .ready, .inFlight, .delayed].allSatisfy { counts[$0] >= 0 })
        entry.counts = counts
        if !entry.isDirty { dirty.append(entry) }
        entry.isDirty = true
    }

    mutating func beginJob() { undo.removeAll(keepingCapacity: true) }

    mutating func rollBackJob() {
        for (entry, counts, wasDirty) in undo.reversed() {
            entry.counts = counts
            entry.isDirty = wasDirty
            if !wasDirty { dirty.removeAll { $0 === entry } }
        }
        undo.removeAll(keepingCapacity: true)
    }

    /// Writes what has changed to the rows of the backlogs.
    mutating func flush(on connection: Connection, at now: Timestamp) throws(SQLiteError) {
        for entry in dirty {
            let counts = entry.counts
            try connection.statement(
                """
                UPDATE backlog SET ready = ?, in_flight = ?, delayed = ?, fresh = ?, fresh_from = ?, changed_at = ?
                WHERE id = ?
                """
            ).run(
                counts.visible, counts.inFlight, counts.delayed, counts.fresh, counts.freshFrom.rawValue,
                now.milliseconds, entry.backlog.rawValue)
            entry.isDirty = false
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
        latest = nil
        dirty.removeAll { $0.backlog == backlog }
    }
}
