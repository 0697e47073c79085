"""PostgreSQL as a queue: single-row inserts, and receives with SKIP LOCKED, loaded by its own pgbench."""

import os
import re
import shutil
import signal

from .failure import MeasurementFailed
from .server import Server, run

SETTING = "fsync on, synchronous_commit on, prepared statements, shared_buffers 512 MB, max_wal_size 4 GB"

SCHEMA = """
CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue_id integer NOT NULL,
    visible_at timestamptz NOT NULL DEFAULT now(),
    receive_count integer NOT NULL DEFAULT 0,
    body text NOT NULL
);
CREATE INDEX message_visible ON message (queue_id, visible_at);
"""

# What another measurement has left.
EMPTY = "TRUNCATE message"

INSERT = "INSERT INTO message (queue_id, body) VALUES (1, :body);\n"

# Two transactions, as a ReceiveMessage and a DeleteMessageBatch are two requests.
RECEIVE_AND_DELETE = """
WITH received AS (
    UPDATE message SET visible_at = now() + interval '30 seconds', receive_count = receive_count + 1
    WHERE id IN (
        SELECT id FROM message WHERE queue_id = 1 AND visible_at <= now()
        ORDER BY visible_at LIMIT 10 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, body
)
SELECT array_agg(id) AS ids, array_agg(body) AS bodies FROM received \\gset
DELETE FROM message WHERE id = ANY (:ids::bigint[]);
"""

BATCH = 10
# More messages a second than it has ever taken out of a backlog.
RECEIVED_A_SECOND_MAX = 60_000


def refuse_closed(folder):
    """Ends the program if the user that PostgreSQL runs as cannot get into the folder."""
    closed = [parent for parent in (folder, *folder.parents) if not parent.stat().st_mode & 0o001]
    if PostgreSQL.user and closed:
        raise SystemExit(f"{PostgreSQL.user} cannot enter {closed[-1]}: give another folder with --directory")


class PostgreSQL(Server):
    # It refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None
    # "Fast shutdown": https://www.postgresql.org/docs/15/server-shutdown.html
    stop_signal = signal.SIGINT

    def prepare(self):
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        # Its user may not be able to look into the working directory of this script.
        run(["initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8"],
            user=self.user, group=self.user, extra_groups=[] if self.user else None, cwd=self.folder)

    @property
    def data(self):
        return self.folder / "data"

    def command(self):
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
            "fsync": "on", "synchronous_commit": "on", "shared_buffers": "512MB", "max_wal_size": "4GB",
        }
        return ["postgres", "-D", self.data, *(part for pair in settings.items() for part in ("-c", "=".join(map(str, pair))))]

    def check(self):
        self.wait_until_ready()
        if self.sql("SHOW fsync") != "on" or self.sql("SHOW synchronous_commit") != "on":
            raise MeasurementFailed("PostgreSQL does not sync every commit")
        self.sql(SCHEMA)

    def wait_until_ready(self):
        run(["pg_isready", "-h", "127.0.0.1", "-p", self.port, "-t", "30"])

    def inserts(self, bench):
        """Rows a second, each in a transaction of its own."""
        self.sql(EMPTY)
        # As a variable the body is a parameter of the prepared statement, and sent each time as a client would.
        return self.pgbench(bench, "insert.sql", INSERT, "-D", "body=" + "x" * bench.message_size)

    def receives(self, bench):
        """Messages a second, received and deleted in batches of ten out of a backlog."""
        self.sql(EMPTY)
        backlog = RECEIVED_A_SECOND_MAX * (bench.warm_up + bench.seconds)
        self.sql(
            "INSERT INTO message (queue_id, body)"
            f" SELECT 1, repeat('x', {bench.message_size}) FROM generate_series(1, {backlog}); "
        )
        self.sql("ANALYZE message")
        rate = BATCH * self.pgbench(bench, "receive.sql", RECEIVE_AND_DELETE)
        if int(self.sql("SELECT count(*) FROM message WHERE queue_id = 1")) == 0:
            raise MeasurementFailed("PostgreSQL's backlog did not last for the measurement")
        return rate

    def pgbench(self, bench, name, script, *options):
        path = self.folder / name
        path.write_text(script)

        def run_for(seconds):
            return run([
                "pgbench", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-n", "-M", "prepared",
                "-c", bench.connections, "-j", 1, "-T", seconds, "-f", path, *options, "postgres",
            ])

        run_for(bench.warm_up)
        with bench.watch.measuring():
            output = run_for(bench.seconds)
        return float(re.search(r"^tps = ([\d.]+) \(without initial connection time\)", output, re.MULTILINE).group(1))

    def sql(self, statements):
        return run(["psql", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-XqAt", "-c", statements, "postgres"]).strip()


def version():
    return re.search(r"\) (\S+)", run(["postgres", "--version"])).group(1)
