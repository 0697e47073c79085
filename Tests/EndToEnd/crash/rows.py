"""Judges a database file at rest: is it sound, and do its rows agree with each other."""

import shutil
import sqlite3
from pathlib import Path

# Each finds the rows that break the rule and describes them. Backlogs without a queue are being emptied.
RULES = {
    "counters differ from the rows": """
        SELECT format('backlog %d says %d/%d/%d/%d, has %d/%d/%d/%d', id, ready, in_flight, delayed, fresh, r, f, d, n)
        FROM (
            SELECT backlog.*, ifnull(sum(state IN (-1, 0)), 0) AS r, ifnull(sum(state = 1), 0) AS f,
                ifnull(sum(state = 2), 0) AS d, ifnull(sum(state = -1), 0) AS n
            FROM backlog LEFT JOIN message ON backlog_id = backlog.id WHERE queue_id IS NOT NULL GROUP BY backlog.id)
        WHERE (ready, in_flight, delayed, fresh) <> (r, f, d, n)""",
    "fresh message where none is looked for": """
        SELECT message.id FROM message JOIN backlog ON backlog.id = backlog_id
        WHERE state = -1 AND message.id < fresh_from AND queue_id IS NOT NULL""",
    "message without a body": "SELECT id FROM message WHERE id NOT IN (SELECT id FROM message_body)",
    "body without a message": "SELECT id FROM message_body WHERE id NOT IN (SELECT id FROM message)",
    "message of no backlog": "SELECT id FROM message WHERE backlog_id NOT IN (SELECT id FROM backlog)",
    "message id in two places": """
        SELECT format('%s in backlogs %s', hex(message_id), group_concat(backlog_id)) FROM message
        JOIN backlog ON backlog.id = backlog_id WHERE queue_id IS NOT NULL GROUP BY message_id HAVING count(*) > 1""",
    "message in two places": """
        SELECT format('%s in backlogs %s', token, group_concat(backlog_id)) FROM (
            SELECT backlog_id, substr(body, 1, instr(body, ' ') - 1) AS token
            FROM message JOIN message_body USING (id) JOIN backlog ON backlog.id = backlog_id
            WHERE queue_id IS NOT NULL)
        GROUP BY token HAVING count(*) > 1""",
    "sequence number that was not reserved": """
        SELECT id FROM message WHERE id >= (SELECT value FROM store_setting WHERE name = 'sequence_reserved')""",
    "count in flight of a group differs from the rows": """
        SELECT format('backlog %d, group %s says %d, has %d', backlog_id, g.group_id, g.in_flight, n)
        FROM message_group AS g JOIN queue USING (backlog_id) LEFT JOIN (
            SELECT backlog_id, group_id, sum(state = 1) AS n FROM message GROUP BY backlog_id, group_id)
            USING (backlog_id, group_id)
        WHERE g.in_flight <> iif(is_fifo, 0, ifnull(n, 0))""",
    "turn of a FIFO group differs from the state of its first message": """
        SELECT format('backlog %d, group %s, position %s, state %d', backlog_id, g.group_id, g.position, state)
        FROM message_group AS g JOIN queue USING (backlog_id) JOIN (
            SELECT backlog_id, group_id, min(id), state FROM message GROUP BY backlog_id, group_id)
            USING (backlog_id, group_id)
        WHERE is_fifo AND (g.position IS NOT NULL) <> (state = 0)""",
}


def violations(database):
    """One line for each row that is wrong. Nothing else may have the file open."""
    with sqlite3.connect(database) as file:
        found = [f"integrity check: {line}" for (line,) in file.execute("PRAGMA integrity_check") if line != "ok"]
        for rule, query in RULES.items():
            found += [f"{rule}: {row}" for (row,) in file.execute(query)]
    file.close()
    return found


def violations_of_copy(database, folder):
    """The same for the file of a daemon that was killed, without touching it: SQLite recovers a copy."""
    copy = Path(folder) / "copy.db"
    for suffix in ("", "-wal"):
        if Path(f"{database}{suffix}").exists():
            shutil.copyfile(f"{database}{suffix}", f"{copy}{suffix}")
    try:
        return violations(copy)
    finally:
        for path in Path(folder).glob("copy.db*"):
            path.unlink()


def message_count(database):
    """How many messages the queues hold."""
    with sqlite3.connect(database) as file:
        [(count,)] = file.execute("SELECT count(*) FROM message JOIN backlog ON backlog.id = backlog_id "
                                  "WHERE queue_id IS NOT NULL")
    file.close()
    return count
