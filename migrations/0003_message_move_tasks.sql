-- Message move tasks: what runs, and the latest of each queue. They go with their queue.
CREATE TABLE message_move_task (
    number              INTEGER PRIMARY KEY,  -- rises: of one queue the highest is the latest
    id                  TEXT NOT NULL,        -- UUID
    queue_id            INTEGER NOT NULL,     -- whose messages are moved
    destination_arn     TEXT,                 -- NULL: back to where each message came from
    messages_per_second INTEGER,              -- at most; NULL: as fast as they go
    -- When by that rate the next message may go: microseconds, since at 300 a second milliseconds are too coarse.
    next_move_at        INTEGER,
    status              TEXT NOT NULL,        -- RUNNING, COMPLETED, FAILED, CANCELLED
    failure_reason      TEXT,
    moved               INTEGER NOT NULL,
    to_move             INTEGER NOT NULL,     -- messages of the queue at the start
    started_at          INTEGER NOT NULL
) STRICT;

CREATE INDEX message_move_task_of_queue ON message_move_task (queue_id);
-- A queue has one running task at most.
CREATE UNIQUE INDEX message_move_task_running ON message_move_task (queue_id) WHERE status = 'RUNNING';
