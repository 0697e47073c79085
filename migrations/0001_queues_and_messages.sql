-- Settings of the store itself: the key that seals receipt handles, the sequence numbers handed out so far.
CREATE TABLE store_setting (
    name  TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
    -- AUTOINCREMENT: the id of a deleted queue is never used again, so that its receipt handles stay dead.
    id                          INTEGER PRIMARY KEY AUTOINCREMENT,
    account                     TEXT NOT NULL,
    region                      TEXT NOT NULL,
    name                        TEXT NOT NULL,
    backlog_id                  INTEGER NOT NULL,
    created_at                  INTEGER NOT NULL,  -- all times: milliseconds since the epoch
    modified_at                 INTEGER NOT NULL,
    purged_at                   INTEGER,
    is_fifo                     INTEGER NOT NULL,
    delay_seconds               INTEGER NOT NULL,
    maximum_message_size        INTEGER NOT NULL,
    retention_seconds           INTEGER NOT NULL,
    receive_wait_seconds        INTEGER NOT NULL,
    visibility_timeout_seconds  INTEGER NOT NULL,
    dead_letter_target_arn      TEXT,
    receive_count_max           INTEGER,
    redrive_allow_policy        TEXT,
    policy                      TEXT,
    sqs_managed_sse_enabled     INTEGER NOT NULL,
    kms_master_key_id           TEXT,
    kms_data_key_reuse_seconds  INTEGER NOT NULL,
    content_based_deduplication INTEGER NOT NULL,
    deduplication_scope         TEXT NOT NULL,
    fifo_throughput_limit       TEXT NOT NULL,
    UNIQUE (account, region, name)
) STRICT;

CREATE INDEX queue_dead_letter_target ON queue (dead_letter_target_arn, id) WHERE dead_letter_target_arn IS NOT NULL;

-- Names that may not be used again yet.
CREATE TABLE deleted_queue (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    name       TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX deleted_queue_expiry ON deleted_queue (deleted_at);

CREATE TABLE queue_tag (
    queue_id INTEGER NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (queue_id, key)
) STRICT, WITHOUT ROWID;

-- The set of messages of a queue, with their number by state. A purge gives the queue a new one; those without a queue
-- are emptied in small batches and then removed.
CREATE TABLE backlog (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id  INTEGER,
    ready     INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER NOT NULL DEFAULT 0,
    delayed   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX backlog_without_queue ON backlog (id) WHERE queue_id IS NULL;

-- What changes while a message is handed out. The body stands apart, so that a receive rewrites a hundred bytes however
-- long the message is. Within a backlog the order of the ids is the order of sent_at.
CREATE TABLE message (
    backlog_id         INTEGER NOT NULL,
    id                 INTEGER NOT NULL,  -- the sequence number: rises over all sends of the store
    message_id         BLOB NOT NULL,     -- UUID, 16 bytes
    state              INTEGER NOT NULL,  -- 0 ready, 1 in flight, 2 delayed
    visible_at         INTEGER NOT NULL,  -- when it becomes ready, or became so
    receive_count      INTEGER NOT NULL DEFAULT 0,
    sent_at            INTEGER NOT NULL,
    first_received_at  INTEGER,
    group_id           TEXT,
    deduplication_id   TEXT,
    dead_letter_source TEXT,              -- ARN of the queue it was moved from
    received_elsewhere INTEGER NOT NULL DEFAULT 0,  -- what of receive_count happened in queues it was moved from
    PRIMARY KEY (backlog_id, id)
) STRICT, WITHOUT ROWID;

-- The next message of a queue: the first of those that are ready.
CREATE INDEX message_ready ON message (backlog_id, id) WHERE state = 0 AND group_id IS NULL;
-- The next message to become visible, over all queues.
CREATE INDEX message_hidden ON message (visible_at) WHERE state <> 0;
-- Messages back from a receive: those received too often are found here.
CREATE INDEX message_returned ON message (backlog_id, receive_count - received_elsewhere, visible_at)
    WHERE state = 0 AND receive_count > 0;
-- The first message of each state in a message group.
CREATE INDEX message_in_group ON message (backlog_id, group_id, state, id) WHERE group_id IS NOT NULL;

CREATE TABLE message_body (
    id           INTEGER PRIMARY KEY,
    body         TEXT NOT NULL,
    md5          BLOB NOT NULL,  -- of the body, 16 bytes
    attributes   BLOB,           -- user attributes in the encoding that SQS takes the MD5 of
    trace_header TEXT
) STRICT;

-- One row for each message group that has messages. `position` orders the groups that have something to hand out:
-- of a FIFO queue the turn of the group, of a standard queue its first ready message, noisy groups behind all others.
CREATE TABLE message_group (
    backlog_id INTEGER NOT NULL,
    group_id   TEXT NOT NULL,
    position   INTEGER,
    in_flight  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (backlog_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_group_next ON message_group (backlog_id, position) WHERE position IS NOT NULL;
