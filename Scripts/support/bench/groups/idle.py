"""What the daemon takes when it has nothing to do, and how soon it is ready."""

import time

from ..figures import at_most, megabytes, milliseconds, Row
from ..holdfast import create_queue, file_megabytes, fill, resident_megabytes, serving

TITLE = "Idle daemon with 1,000,000 messages in the file"

MESSAGES = 1_000_000
IDLE_SECONDS = 1

ROWS = [
    Row("size of the file", lambda f: f["file"], megabytes),
    Row("from start to ready", lambda f: f["ready ms"], milliseconds, at_most(100)),
    Row("resident when idle", lambda f: f["resident"], megabytes, at_most(25)),
]


def measure(bench):
    with serving(bench.folder / "idle") as daemon:
        fill(daemon, create_queue(daemon, "idle"), MESSAGES)
        return [measure_round(daemon) for _ in range(bench.rounds)]


def measure_round(daemon):
    daemon.stop()
    started = time.monotonic()
    daemon.start()
    ready_ms = (time.monotonic() - started) * 1000
    time.sleep(IDLE_SECONDS)
    return {"ready ms": ready_ms, "resident": resident_megabytes(daemon), "file": file_megabytes(daemon)}
