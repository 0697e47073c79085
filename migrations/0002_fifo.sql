-- Sends to FIFO queues that are remembered, so that the same id sent again is recognised. `scope` is the message group
-- where ids count for each group alone, else empty.
CREATE TABLE deduplication (
    backlog_id      INTEGER NOT NULL,
    scope           TEXT NOT NULL,
    id              TEXT NOT NULL,
    message_id      BLOB NOT NULL,
    sequence_number INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    PRIMARY KEY (backlog_id, scope, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deduplication_expiry ON deduplication (expires_at);

-- Receives from FIFO queues that can be repeated: the messages handed out under an attempt id, in their order.
CREATE TABLE receive_attempt (
    backlog_id    INTEGER NOT NULL,
    attempt_id    TEXT NOT NULL,
    ordinal       INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    receive_count INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    visible_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (backlog_id, attempt_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX receive_attempt_expiry ON receive_attempt (expires_at);
