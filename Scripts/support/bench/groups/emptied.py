"""Whether a file that once was large and has been emptied is slower than a new one."""

import time

from ..failure import MeasurementFailed
from ..figures import at_least, megabytes, ratio, Row
from ..holdfast import create_queue, file_megabytes, fill, in_turns, load, serving, wait_until_idle
from ..requests import call

TITLE = "A file of 5 GB that has been emptied"

MESSAGES = 300_000
BODY = "x" * 16_384
SHORT_MEGABYTES = 100
SHORT_SECONDS = 120

ROWS = [
    Row("size of the emptied file", lambda f: f["file"], megabytes),
    Row("SendMessage on a new file", lambda f: f["new"]),
    Row("SendMessage on the emptied file", lambda f: f["emptied"]),
    Row("SendMessage on an emptied file of 5 GB / on a new one", lambda f: f["emptied"] / f["new"], ratio, at_least(0.9)),
]


def measure(bench):
    with serving(bench.folder / "new") as new, serving(bench.folder / "emptied") as emptied:
        queue = create_queue(emptied, "large")
        fill(emptied, queue, MESSAGES, body=BODY)
        call(emptied.url, "PurgeQueue", QueueUrl=queue)
        wait_until_short(emptied)
        wait_until_idle(emptied)
        # Before any of the sends that are measured, which make it longer again.
        size = file_megabytes(emptied)
        return [{"file": size} | measure_round(bench, new, emptied) for _ in range(bench.rounds)]


def wait_until_short(daemon):
    """The daemon keeps what is free for a while, and then gives it back bit by bit."""
    deadline = time.monotonic() + SHORT_SECONDS
    while (size := file_megabytes(daemon)) > SHORT_MEGABYTES:
        if time.monotonic() > deadline:
            raise MeasurementFailed(f"the file still has {size:.0f} MB {SHORT_SECONDS} s after it was emptied")
        time.sleep(1)


def measure_round(bench, new, emptied):
    rates = in_turns(bench, new, emptied, lambda daemon: load(bench, daemon.url, "send")["messages_per_second"])
    return dict(zip(("new", "emptied"), rates))
