-- Messages that were never hidden and have no group are handed out in the order of the primary key: they have the state -1,
-- "fresh", and no entry in an index, so that a send writes one and a receive removes one less.
-- How many messages of the backlog are fresh (`ready` counts them too), and the number below which none is. Those that are there
-- already stay as they are, ready and in message_ready.
ALTER TABLE backlog ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backlog ADD COLUMN fresh_from INTEGER NOT NULL DEFAULT 0;

DROP INDEX message_hidden;
CREATE INDEX message_hidden ON message (visible_at) WHERE state > 0;
