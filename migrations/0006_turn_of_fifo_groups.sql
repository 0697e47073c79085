-- Whether a FIFO group has anything to hand out is told by its first message alone. So its messages stand in the order of their
-- numbers, whatever their state, and a receive changes no entry. It is the messages of FIFO queues that have a deduplication id.
CREATE INDEX message_in_fifo_group ON message (backlog_id, group_id, id) WHERE deduplication_id IS NOT NULL;
-- The first message of each state in a message group of a standard queue.
DROP INDEX message_in_group;
CREATE INDEX message_in_group ON message (backlog_id, group_id, state, id)
    WHERE group_id IS NOT NULL AND deduplication_id IS NULL;

-- How many messages of a FIFO group are in flight is not counted any more: only fair queues ask.
UPDATE message_group SET in_flight = 0
    WHERE in_flight <> 0 AND backlog_id IN (SELECT backlog_id FROM queue WHERE is_fifo);
