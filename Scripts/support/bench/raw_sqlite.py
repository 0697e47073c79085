"""SQLite alone: messages inserted by one thread with no server around it, in the transactions that the daemon makes."""

import shutil
import sqlite3
import time

SETTING = "write-ahead log, synchronous FULL, one table with one index, transactions of as many rows as connections"


def inserts(bench, folder):
    """Rows of 1 KiB a second. With 64 clients that each wait for their answer, a group commit has 64 sends at the most."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, queue_id, visible_at, receive_count, body)")
        connection.execute("CREATE INDEX message_visible ON message (queue_id, visible_at, id)")
        with bench.watch.measuring():
            return insert(connection, "x" * bench.message_size, bench.connections, bench.seconds)
    finally:
        connection.close()
        shutil.rmtree(folder)


def insert(connection, body, transaction, seconds):
    rows = [(1, 0, 0, body)] * transaction
    started, inserted = time.monotonic(), 0
    while (elapsed := time.monotonic() - started) < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO message (queue_id, visible_at, receive_count, body) VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        inserted += transaction
    return inserted / elapsed


def version():
    return sqlite3.sqlite_version
