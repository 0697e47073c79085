"""What the daemon takes when it has nothing to do, and how soon it is ready."""

import time

from ..figures import at_most, megabytes, milliseconds, Row
from ..holdfast import create_queue, file_megabytes, fill, resident_megabytes, serving, wait_until_idle

TITLE = "Idle daemon with 1,000,000 messages in the file"

MESSAGES = 1_000_000
IDLE_SECONDS = 1
# How long an idle daemon keeps memory for more work.
KEPT_SECONDS = 10

ROWS = [
    Row("size of the file", lambda f: f["file"], megabytes),
    Row("from start to ready, with 1,000,000 messages", lambda f: f["ready ms"], milliseconds, at_most(100)),
    Row("resident after 1,000,000 messages in batches of ten", lambda f: f["worked"], megabytes),
    Row("resident when idle after these", lambda f: f["idle"], megabytes, at_most(25)),
    Row("resident when idle after a start, with 1,000,000 messages", lambda f: f["resident"], megabytes, at_most(25)),
]


def measure(bench):
    with serving(bench.folder / "idle") as daemon:
        fill(daemon, create_queue(daemon, "idle"), MESSAGES, body="x" * bench.message_size)
        wait_until_idle(daemon)
        worked = resident_megabytes(daemon)
        time.sleep(KEPT_SECONDS + IDLE_SECONDS)
        idle = resident_megabytes(daemon)
        return [{"worked": worked, "idle": idle} | measure_round(daemon) for _ in range(bench.rounds)]


def measure_round(daemon):
    daemon.stop()
    started = time.monotonic()
    daemon.start()
    ready_ms = (time.monotonic() - started) * 1000
    time.sleep(IDLE_SECONDS)
    return {"ready ms": ready_ms, "resident": resident_megabytes(daemon), "file": file_megabytes(daemon)}
