/// What holds in every committed state of a store, whatever was done to it.
package struct Invariant: Sendable {
    /// The rule, as a sentence.
    package let rule: String
    /// Finds the rows that break the rule, and describes each in its first column.
    package let query: String

    package static let all: [Invariant] = rules.map { Invariant(rule: $0.rule, query: $0.query) }

    private static let rules: [(rule: String, query: String)] = [
        (
            "the counts of a backlog are those of its messages",
            """
            SELECT format('backlog %d says %d/%d/%d/%d, has %d/%d/%d/%d', id, ready, in_flight, delayed, fresh,
                ifnull(is_ready, 0), ifnull(is_in_flight, 0), ifnull(is_delayed, 0), ifnull(is_fresh, 0))
            FROM backlog LEFT JOIN (SELECT backlog_id, sum(state IN (-1, 0)) AS is_ready, sum(state = -1) AS is_fresh,
                sum(state = 1) AS is_in_flight, sum(state = 2) AS is_delayed FROM message GROUP BY backlog_id)
                ON backlog_id = id
            WHERE queue_id IS NOT NULL AND (ready <> ifnull(is_ready, 0) OR in_flight <> ifnull(is_in_flight, 0)
                OR delayed <> ifnull(is_delayed, 0) OR fresh <> ifnull(is_fresh, 0))
            """
        ),
        (
            "fresh messages have no group and stand where their backlog looks for them",
            """
            SELECT format('message %d', message.id) FROM message JOIN backlog ON backlog.id = backlog_id
            WHERE state = -1 AND queue_id IS NOT NULL AND (group_id IS NOT NULL OR message.id < fresh_from)
            """
        ),
        (
            "every message has a body",
            "SELECT id FROM message WHERE id NOT IN (SELECT id FROM message_body)"
        ),
        (
            "every body has a message",
            "SELECT id FROM message_body WHERE id NOT IN (SELECT id FROM message)"
        ),
        (
            "a queue and its backlog name each other",
            """
            SELECT format('queue %d, backlog %d', queue.id, backlog_id) FROM queue LEFT JOIN backlog
                ON backlog.id = backlog_id WHERE queue_id IS NOT queue.id
            UNION ALL SELECT format('backlog %d, queue %d', backlog.id, queue_id) FROM backlog LEFT JOIN queue
                ON queue.id = queue_id WHERE queue_id IS NOT NULL AND backlog_id IS NOT backlog.id
            """
        ),
        (
            "the messages of a backlog belong to it",
            "SELECT id FROM message WHERE backlog_id NOT IN (SELECT id FROM backlog)"
        ),
        (
            "a group with messages has a row, and none without",
            """
            SELECT format('backlog %d, group %s', backlog_id, group_id) FROM
                (SELECT backlog_id, group_id FROM message WHERE group_id IS NOT NULL
                EXCEPT SELECT backlog_id, group_id FROM message_group)
            UNION ALL SELECT format('backlog %d, group %s', backlog_id, group_id) FROM
                (SELECT backlog_id, group_id FROM message_group JOIN backlog ON backlog.id = backlog_id
                    WHERE queue_id IS NOT NULL
                EXCEPT SELECT backlog_id, group_id FROM message)
            """
        ),
        (
            "a standard queue's group knows how many of its messages are in flight, and a FIFO queue's counts none",
            """
            SELECT format('group %s says %d, has %d', group_id, in_flight, is_in_flight)
            FROM (\(groups)) WHERE in_flight <> iif(is_fifo, 0, is_in_flight)
            """
        ),
        (
            "a FIFO group has a turn exactly while its first message is ready",
            """
            SELECT format('group %s, turn %s, first ready %s, first hidden %s', group_id, position, first_ready,
                first_hidden)
            FROM (\(groups)) WHERE is_fifo
            AND (position IS NOT NULL)
                <> (first_ready IS NOT NULL AND (first_hidden IS NULL OR first_ready < first_hidden))
            """
        ),
        (
            // A noisy group stands 2^62 further back.
            "the position of a standard queue's group is its first ready message",
            """
            SELECT format('group %s, position %s, first ready %s', group_id, position, first_ready)
            FROM (\(groups)) WHERE NOT is_fifo AND position & 4611686018427387903 IS NOT first_ready
            """
        ),
        (
            "all messages of a FIFO queue have a group",
            "SELECT message.id FROM message JOIN queue USING (backlog_id) WHERE is_fifo AND group_id IS NULL"
        ),
        (
            // The indexes of groups tell the two kinds of queue by it.
            "the messages of a FIFO queue have a deduplication id, and no others have",
            """
            SELECT message.id FROM message JOIN queue USING (backlog_id)
            WHERE is_fifo <> (deduplication_id IS NOT NULL)
            """
        ),
        (
            "messages of a FIFO queue stand in the line of their group, and all others in that of their backlog",
            """
            SELECT format('message %d stands in line %d rather than %d', id, line, own)
            FROM (SELECT message.id, line, iif(is_fifo, number, -backlog_id) AS own FROM message JOIN queue USING (backlog_id)
                LEFT JOIN message_group USING (backlog_id, group_id))
            WHERE line IS NOT own
            """
        ),
        (
            "a FIFO group is numbered by a message that it had, and a number is never given again",
            """
            SELECT format('group %s of backlog %d, number %d', group_id, backlog_id, number) FROM
                (SELECT *, count(*) OVER (PARTITION BY number) AS groups FROM message_group JOIN queue USING (backlog_id))
            WHERE is_fifo AND (number < 1 OR groups > 1) OR NOT is_fifo AND number <> 0
            UNION ALL SELECT format('message %d of group %d', id, line) FROM message WHERE id < line
            """
        ),
        (
            "retention looks at a FIFO group when its first message expires, or before",
            """
            SELECT format('group %s, sent from %s, first message %s', group_id, sent_from, first_sent_at)
            FROM (SELECT message_group.*, is_fifo, (SELECT min(sent_at) FROM message
                    WHERE line = number) AS first_sent_at
                FROM message_group JOIN queue USING (backlog_id))
            WHERE iif(is_fifo, sent_from IS NULL OR sent_from > first_sent_at, sent_from IS NOT NULL)
            """
        ),
        (
            "the order of the ids is the order of the sends",
            """
            SELECT format('backlog %d, message %d', backlog_id, id) FROM (SELECT backlog_id, id, sent_at,
                lag(sent_at) OVER (PARTITION BY backlog_id ORDER BY id) AS before FROM message)
            WHERE sent_at < before
            """
        ),
        (
            "every sequence number was reserved",
            """
            SELECT id FROM message
            WHERE id >= coalesce((SELECT value FROM store_setting WHERE name = 'sequence_reserved'), 0)
            """
        ),
        (
            "a message is in one queue",
            """
            SELECT format('message %d', id) FROM message GROUP BY id HAVING count(*) > 1
            """
        ),
        (
            "message move tasks belong to a queue",
            "SELECT id FROM message_move_task WHERE queue_id NOT IN (SELECT id FROM queue)"
        ),
        (
            "tags belong to a queue",
            "SELECT format('queue %d, tag %s', queue_id, key) FROM queue_tag WHERE queue_id NOT IN (SELECT id FROM queue)"
        ),
        (
            "groups, deduplication records and receive attempts belong to a backlog",
            """
            SELECT format('group %s, backlog %d', group_id, backlog_id) FROM message_group
                WHERE backlog_id NOT IN (SELECT id FROM backlog)
            UNION ALL SELECT format('deduplication id %s, backlog %d', id, backlog_id) FROM deduplication
                WHERE backlog_id NOT IN (SELECT id FROM backlog)
            UNION ALL SELECT format('receive attempt %s, backlog %d', attempt_id, backlog_id) FROM receive_attempt
                WHERE backlog_id NOT IN (SELECT id FROM backlog)
            """
        ),
    ]

    private static let groups = """
        SELECT message_group.*, is_fifo, ifnull(is_in_flight, 0) AS is_in_flight, first_ready, first_hidden
        FROM message_group JOIN queue USING (backlog_id)
        LEFT JOIN (SELECT backlog_id, group_id, sum(state = 1) AS is_in_flight,
            min(id) FILTER (WHERE state = 0) AS first_ready, min(id) FILTER (WHERE state > 0) AS first_hidden
            FROM message WHERE group_id IS NOT NULL GROUP BY backlog_id, group_id) USING (backlog_id, group_id)
        """
}
