import QueueModel
import SQLite

/// Messages that are neighbours in their FIFO group, in their order: all that it has from the first to the last of them.
struct GroupRun {
    let line: Line
    let ids: [SequenceNumber]
}

/// Statements over messages that stand side by side: no other row can stand between them, since they were sent to
/// a standard queue one after the other and their numbers leave no gap, or since they are neighbours in a FIFO group. Ten rows
/// in a row cost SQLite half of what ten statements do.
extension WriteTransaction {
    /// Where the messages with these keys stand, as far as there are any, and which are neighbours in a FIFO group.
    func places(
        of keys: [MessageKey]
    ) throws(SQLiteError) -> (found: [MessagePlace], groupRuns: [GroupRun]) {
        var found: [MessagePlace] = []
        var groupRuns: [GroupRun] = []
        var rest = keys.sorted()[...]
        while let line = rest.first?.line {
            let together = rest.prefix { $0.line == line }
            rest.removeFirst(together.count)
            if line.isOfGroup {
                var ids = together.map(\.id)[...]
                while let places = try placesOfNeighbours(&ids, in: line) {
                    found += places
                    groupRuns.append(GroupRun(line: line, ids: places.map(\.id)))
                }
            } else {
                for run in Self.runs(of: together) { found += try places(in: run, limit: run.ids.count) }
            }
        }
        return (found, groupRuns)
    }

    /// Takes the first message of a FIFO group that still exists from the front of `ids`, ascending, with those that follow it
    /// in the group as long as they are among `ids` too. Nil if none of these exists.
    private func placesOfNeighbours(
        _ ids: inout ArraySlice<SequenceNumber>, in group: Line
    ) throws(SQLiteError) -> [MessagePlace]? {
        while let first = ids.first, let last = ids.last {
            let range = MessageRun(line: group, ids: first.rawValue...last.rawValue)
            let places = try places(in: range, limit: ids.count).prefix { ids.contains($0.id) }
            if let last = places.last?.id {
                // Of those before it that were not found, none exists.
                ids = ids.drop { $0 <= last }
                return Array(places)
            }
            ids.removeFirst()
        }
        return nil
    }

    private func places(in run: MessageRun, limit: Int) throws(SQLiteError) -> [MessagePlace] {
        // The name of a FIFO group is read once for all.
        var group: String?
        return try connection.statement(
            """
            SELECT line, id, state, visible_at, receive_count, sent_at, group_id FROM message
            WHERE line = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT ?
            """
        ).all(run.line.rawValue, run.ids.lowerBound, run.ids.upperBound, limit) { row in
            let place = MessagePlace(row, inGroup: group)
            if run.line.isOfGroup { group = place.groupID }
            return place
        }
    }

    /// Deletes messages. Those of a group's run that go all at once go by one statement.
    func deleteRows(_ keys: [MessageKey], groupRuns: [GroupRun]) throws(SQLiteError) {
        var rest = keys
        for run in groupRuns where run.ids.count > 1 {
            let own = run.ids.map { MessageKey(line: run.line, id: $0) }
            guard let first = own.first, let last = own.last, own.allSatisfy(rest.contains) else { continue }
            try deleteRows(of: MessageRun(line: run.line, ids: first.id.rawValue...last.id.rawValue))
            for run in Self.runs(of: own) { try deleteBodies(run.ids) }
            rest.removeAll(where: own.contains)
        }
        for run in Self.runs(of: rest.sorted()) {
            try deleteRows(of: run)
            try deleteBodies(run.ids)
        }
    }

    /// Of one alone SQLite is told that it is one: behind a range of one number it looks at the next row, which may lie in a
    /// page that nothing else asks for. So with bodies.
    private func deleteRows(of run: MessageRun) throws(SQLiteError) {
        if run.ids.count == 1 {
            return try connection.statement("DELETE FROM message WHERE line = ? AND id = ?").run(
                run.line.rawValue, run.ids.lowerBound)
        }
        try connection.statement("DELETE FROM message WHERE line = ? AND id BETWEEN ? AND ?").run(
            run.line.rawValue, run.ids.lowerBound, run.ids.upperBound)
    }

    private func deleteBodies(_ ids: ClosedRange<Int64>) throws(SQLiteError) {
        if ids.count == 1 {
            return try connection.statement("DELETE FROM message_body WHERE id = ?").run(ids.lowerBound)
        }
        try connection.statement("DELETE FROM message_body WHERE id BETWEEN ? AND ?").run(
            ids.lowerBound, ids.upperBound)
    }

    /// Writes that messages were handed out. Those of a FIFO queue are the first of one group.
    func receiveRows(_ keys: [MessageKey], until visibleAt: Timestamp) throws(SQLiteError) {
        guard let first = keys.first, let last = keys.last else { return }
        let runs =
            first.line.isOfGroup
            ? [MessageRun(line: first.line, ids: first.id.rawValue...last.id.rawValue)] : Self.runs(of: keys.sorted())
        for run in runs {
            try connection.statement(
                """
                UPDATE message SET state = 1, visible_at = ?, receive_count = receive_count + 1,
                    first_received_at = ifnull(first_received_at, ?)
                WHERE line = ? AND id BETWEEN ? AND ?
                """
            ).run(
                visibleAt.milliseconds, now.milliseconds, run.line.rawValue, run.ids.lowerBound, run.ids.upperBound)
        }
    }

    /// Writes that messages may be received, from the moment on until which they were hidden.
    func makeRowsReady(_ keys: [MessageKey]) throws(SQLiteError) {
        for run in Self.runs(of: keys.sorted()) {
            try connection.statement("UPDATE message SET state = 0 WHERE line = ? AND id BETWEEN ? AND ?").run(
                run.line.rawValue, run.ids.lowerBound, run.ids.upperBound)
        }
    }

    /// Messages with numbers that leave no gap, or all that a group has from the first to the last of these numbers.
    private struct MessageRun {
        let line: Line
        var ids: ClosedRange<Int64>
    }

    /// The keys, ascending, as runs without a gap.
    private static func runs(of keys: some Sequence<MessageKey>) -> [MessageRun] {
        var runs: [MessageRun] = []
        for key in keys {
            let id = key.id.rawValue
            if let last = runs.last, last.line == key.line, id <= last.ids.upperBound + 1 {
                runs[runs.count - 1].ids = last.ids.lowerBound...id
            } else {
                runs.append(MessageRun(line: key.line, ids: id...id))
            }
        }
        return runs
    }
}
