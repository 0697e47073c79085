-- Messages of a FIFO group stand side by side, whatever was sent in between: a receive takes them, and a delete removes them,
-- from one place, and no index has to say where they are. Lines of messages are numbered by the backlog, or by the group.
-- A group's number is the id of the message with which it came into being; 0 in a standard queue.
ALTER TABLE message_group ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
-- Of a FIFO group: none of its messages was sent before. Tells which groups retention has to look at.
ALTER TABLE message_group ADD COLUMN sent_from INTEGER;

UPDATE message_group SET (number, sent_from) = (
    SELECT id, sent_at FROM message INDEXED BY message_in_fifo_group
    WHERE message.backlog_id = message_group.backlog_id AND message.group_id = message_group.group_id
        AND deduplication_id IS NOT NULL
    ORDER BY id LIMIT 1)
WHERE backlog_id IN (SELECT backlog_id FROM queue WHERE is_fifo);

CREATE INDEX message_group_sent_from ON message_group (backlog_id, sent_from) WHERE sent_from IS NOT NULL;

ALTER TABLE receive_attempt ADD COLUMN line INTEGER NOT NULL DEFAULT 0;

UPDATE receive_attempt SET line = ifnull((
    SELECT number FROM message JOIN message_group USING (backlog_id, group_id)
    WHERE message.backlog_id = receive_attempt.backlog_id AND message.id = receive_attempt.message), 0);

ALTER TABLE message RENAME TO message_by_number;

CREATE TABLE message (
    line               INTEGER NOT NULL,  -- the number of its FIFO group; of a standard queue backlog_id with a minus
    id                 INTEGER NOT NULL,  -- the sequence number: rises over all sends of the store
    backlog_id         INTEGER NOT NULL,
    message_id         BLOB NOT NULL,     -- UUID, 16 bytes
    state              INTEGER NOT NULL,  -- -1 fresh, 0 ready, 1 in flight, 2 delayed
    visible_at         INTEGER NOT NULL,  -- when it becomes ready, or became so
    receive_count      INTEGER NOT NULL DEFAULT 0,
    sent_at            INTEGER NOT NULL,
    first_received_at  INTEGER,
    group_id           TEXT,
    deduplication_id   TEXT,
    dead_letter_source TEXT,              -- ARN of the queue it was moved from
    received_elsewhere INTEGER NOT NULL DEFAULT 0,  -- what of receive_count happened in queues it was moved from
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;

-- Groups of standard queues have no number, and those of backlogs that are to be emptied need none.
INSERT INTO message
    SELECT iif(number > 0, number, -backlog_id), id, backlog_id, message_id, state, visible_at, receive_count, sent_at,
        first_received_at, group_id, deduplication_id, dead_letter_source, received_elsewhere
    FROM message_by_number LEFT JOIN message_group USING (backlog_id, group_id)
    ORDER BY 1, 2;

DROP TABLE message_by_number;

CREATE INDEX message_ready ON message (backlog_id, id) WHERE state = 0 AND group_id IS NULL;
CREATE INDEX message_hidden ON message (visible_at) WHERE state > 0;
CREATE INDEX message_returned ON message (backlog_id, receive_count - received_elsewhere, visible_at)
    WHERE state = 0 AND receive_count > 0;
CREATE INDEX message_in_group ON message (backlog_id, group_id, state, id)
    WHERE group_id IS NOT NULL AND deduplication_id IS NULL;
