import QueueModel
import SQLite

/// Messages of a FIFO group that are neighbours in it, in their order: all that it has from the first to the last of them.
/// Messages of other groups may have been sent in between.
struct GroupRun {
    let group: String
    let ids: [SequenceNumber]
}

/// Statements over messages of a backlog that stand side by side, since they were sent one after the other and their numbers
/// leave no gap, or since they are neighbours in a FIFO group: no other row can stand between them. Ten rows in a row cost
/// SQLite half of what ten statements do.
extension WriteTransaction {
    /// Where the messages with these numbers stand, as far as there are any, and which are neighbours in a FIFO group.
    func places(
        of ids: [SequenceNumber], in queue: QueueRecord
    ) throws(SQLiteError) -> (found: [MessagePlace], groupRuns: [GroupRun]) {
        var found: [MessagePlace] = []
        var groupRuns: [GroupRun] = []
        var rest = ids
        if queue.settings.isFIFO {
            while let places = try placesInFirstGroup(of: rest, in: queue.backlog), let group = places[0].groupID {
                found += places
                groupRuns.append(GroupRun(group: group, ids: places.map(\.id)))
                rest.removeAll { id in places.contains { $0.id == id } }
            }
        }
        for run in Self.runs(of: rest) {
            found += try connection.statement(
                """
                SELECT id, state, visible_at, receive_count, sent_at, group_id
                FROM message WHERE backlog_id = ? AND id BETWEEN ? AND ?
                """
            ).all(queue.backlog.rawValue, run.lowerBound, run.upperBound) { MessagePlace($0) }
        }
        return (found, groupRuns)
    }

    /// Where the first of these messages stands, and those that follow it in its FIFO group as long as they are among these
    /// as well. Nil if they are few, or these are: then one statement for each run costs less.
    private func placesInFirstGroup(
        of ids: [SequenceNumber], in backlog: BacklogID
    ) throws(SQLiteError) -> [MessagePlace]? {
        let runs = Self.runs(of: ids)
        guard runs.count >= Self.groupRunLength, let first = runs.first, let last = runs.last else { return nil }
        var group: String?
        let places = try connection.statement(
            """
            SELECT id, state, visible_at, receive_count, sent_at, group_id FROM message INDEXED BY message_in_fifo_group
            WHERE backlog_id = ?1 AND group_id = (SELECT group_id FROM message WHERE backlog_id = ?1 AND id = ?2)
                AND deduplication_id IS NOT NULL AND id BETWEEN ?2 AND ?3
            ORDER BY id LIMIT ?4
            """
        ).all(backlog.rawValue, first.lowerBound, last.upperBound, ids.count) { row in
            let place = MessagePlace(row, inGroup: group)
            group = place.groupID
            return place
        }
        let own = places.prefix { ids.contains($0.id) }
        return own.count >= Self.groupRunLength ? Array(own) : nil
    }

    private static let groupRunLength = 3

    /// Deletes messages. Those of a group's run that go all at once go by one statement.
    func deleteRows(
        _ ids: [SequenceNumber], groupRuns: [GroupRun], of backlog: BacklogID
    ) throws(SQLiteError) {
        var rest = ids
        for run in groupRuns where run.ids.allSatisfy(rest.contains) {
            try deleteRows(of: run, in: backlog)
            for run in Self.runs(of: run.ids) { try deleteBodies(of: run) }
            rest.removeAll(where: run.ids.contains)
        }
        for run in Self.runs(of: rest) {
            try deleteRows(of: run, in: backlog)
            try deleteBodies(of: run)
        }
    }

    private func deleteRows(of run: GroupRun, in backlog: BacklogID) throws(SQLiteError) {
        guard let first = run.ids.first, let last = run.ids.last else { return }
        try connection.statement(
            """
            DELETE FROM message INDEXED BY message_in_fifo_group
            WHERE backlog_id = ? AND group_id = ? AND deduplication_id IS NOT NULL AND id BETWEEN ? AND ?
            """
        ).run(backlog.rawValue, run.group, first.rawValue, last.rawValue)
    }

    /// Of one alone SQLite is told that it is one: behind a range of one number it looks at the next row, which may lie in a
    /// page that nothing else asks for. So with bodies.
    private func deleteRows(of run: ClosedRange<Int64>, in backlog: BacklogID) throws(SQLiteError) {
        if run.count == 1 {
            return try connection.statement("DELETE FROM message WHERE backlog_id = ? AND id = ?").run(
                backlog.rawValue, run.lowerBound)
        }
        try connection.statement("DELETE FROM message WHERE backlog_id = ? AND id BETWEEN ? AND ?").run(
            backlog.rawValue, run.lowerBound, run.upperBound)
    }

    private func deleteBodies(of run: ClosedRange<Int64>) throws(SQLiteError) {
        if run.count == 1 {
            return try connection.statement("DELETE FROM message_body WHERE id = ?").run(run.lowerBound)
        }
        try connection.statement("DELETE FROM message_body WHERE id BETWEEN ? AND ?").run(
            run.lowerBound, run.upperBound)
    }

    /// Writes that messages were handed out. With `group`, a FIFO group, they are all that it has from the first to the last
    /// of them: they may have been sent among those of other groups, but stand side by side in the group's index.
    func receiveRows(
        _ ids: [SequenceNumber], inFIFOGroup group: String?, of backlog: BacklogID, until visibleAt: Timestamp
    ) throws(SQLiteError) {
        let runs = Self.runs(of: ids)
        if let group, let first = runs.first, let last = runs.last, runs.count > 1 {
            return try connection.statement(
                """
                UPDATE message INDEXED BY message_in_fifo_group
                SET state = 1, visible_at = ?, receive_count = receive_count + 1,
                    first_received_at = ifnull(first_received_at, ?)
                WHERE backlog_id = ? AND group_id = ? AND deduplication_id IS NOT NULL AND id BETWEEN ? AND ?
                """
            ).run(
                visibleAt.milliseconds, now.milliseconds, backlog.rawValue, group, first.lowerBound, last.upperBound)
        }
        for run in runs {
            try connection.statement(
                """
                UPDATE message SET state = 1, visible_at = ?, receive_count = receive_count + 1,
                    first_received_at = ifnull(first_received_at, ?)
                WHERE backlog_id = ? AND id BETWEEN ? AND ?
                """
            ).run(
                visibleAt.milliseconds, now.milliseconds, backlog.rawValue, run.lowerBound, run.upperBound)
        }
    }

    /// Writes that messages may be received, from the moment on until which they were hidden.
    func makeRowsReady(_ ids: [SequenceNumber], of backlog: BacklogID) throws(SQLiteError) {
        for run in Self.runs(of: ids) {
            try connection.statement("UPDATE message SET state = 0 WHERE backlog_id = ? AND id BETWEEN ? AND ?").run(
                backlog.rawValue, run.lowerBound, run.upperBound)
        }
    }

    /// The numbers as ranges without a gap.
    static func runs(of ids: [SequenceNumber]) -> [ClosedRange<Int64>] {
        var runs: [ClosedRange<Int64>] = []
        for id in ids.lazy.map(\.rawValue).sorted() {
            if let last = runs.last, id <= last.upperBound + 1 {
                runs[runs.count - 1] = last.lowerBound...id
            } else {
                runs.append(id...id)
            }
        }
        return runs
    }
}
