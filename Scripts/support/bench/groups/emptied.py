"""Whether a large file that has been emptied is slower than a new one, before and after its room has been given back."""

import time

from ..failure import MeasurementFailed
from ..figures import at_least, megabytes, ratio, Row
from ..holdfast import (
    create_queue, file_megabytes, fill, in_turns, most_resident_megabytes, send_rate, serving, wait_until_idle,
)
from ..requests import call

TITLE = "A file of 5 GB that has been emptied"

MESSAGES = 300_000
BODY = "x" * 16_384
LARGE_MEGABYTES = 4_500
SHORT_MEGABYTES = 100
SHORT_SECONDS = 120

ROWS = [
    Row("size of the file, after the sends when it had just been emptied", lambda f: f["large file"], megabytes),
    Row("SendMessage on a new file, measured once", lambda f: f["new beside large"]),
    Row("SendMessage on the file just emptied, measured once", lambda f: f["large"]),
    Row(
        "SendMessage on a file of 5 GB, just emptied / on a new one",
        lambda f: f["large"] / f["new beside large"], ratio, at_least(0.9)),
    Row("size of the file, once it has been given back", lambda f: f["file"], megabytes),
    Row("SendMessage on a file that was never large", lambda f: f["new"]),
    Row("SendMessage on the file that has been given back", lambda f: f["emptied"]),
    Row(
        "SendMessage on a file of 5 GB that has been given back / on one that was never large",
        lambda f: f["emptied"] / f["new"], ratio, at_least(0.9)),
    Row("resident at most", lambda f: f["resident"], megabytes),
]


def measure(bench):
    with serving(bench.folder / "new") as new, serving(bench.folder / "emptied") as emptied:
        queue = create_queue(emptied, "large")
        fill(emptied, queue, MESSAGES, body=BODY)
        call(emptied.url, "PurgeQueue", QueueUrl=queue)
        wait_until_idle(emptied)
        # Once: it is not large any more after that.
        figures = measure_large(bench, new, emptied)
        wait_until_short(emptied)
        wait_until_idle(emptied)
        # Before any of the sends that are measured, which make it longer again.
        figures["file"] = file_megabytes(emptied)
        rounds = [figures | measure_round(bench, new, emptied) for _ in range(bench.rounds)]
        return [one | {"resident": most_resident_megabytes(emptied)} for one in rounds]


def measure_large(bench, new, emptied):
    """While nearly all pages of the file are free, before the daemon begins to give them back."""
    size = file_megabytes(emptied)
    if size < LARGE_MEGABYTES:
        raise MeasurementFailed(f"the file has {size:.0f} MB when it has been emptied, not {LARGE_MEGABYTES}")
    figures = {"large": send_rate(bench, emptied), "large file": file_megabytes(emptied)}
    wait_until_idle(emptied)
    return figures | {"new beside large": send_rate(bench, new)}


def wait_until_short(daemon):
    """The daemon keeps what is free for a while, and then gives it back bit by bit."""
    deadline = time.monotonic() + SHORT_SECONDS
    while (size := file_megabytes(daemon)) > SHORT_MEGABYTES:
        if time.monotonic() > deadline:
            raise MeasurementFailed(f"the file still has {size:.0f} MB {SHORT_SECONDS} s after it was emptied")
        time.sleep(1)


def measure_round(bench, new, emptied):
    rates = in_turns(bench, new, emptied, lambda daemon: send_rate(bench, daemon))
    return dict(zip(("new", "emptied"), rates))
