-- When the messages of a backlog last changed. Time goes on from the latest of all after a restart, so that it does not go
-- back even if the clock has.
ALTER TABLE backlog ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;

UPDATE backlog SET changed_at = ifnull((SELECT value FROM store_setting WHERE name = 'latest_time'), 0);
DELETE FROM store_setting WHERE name = 'latest_time';
