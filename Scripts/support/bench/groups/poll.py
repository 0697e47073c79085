"""How soon a message reaches a consumer that waits for it."""

from ..figures import at_most, milliseconds, Row
from ..holdfast import load, serving
from ..machine import sync_times_ms
from ..undisturbed import rest, undisturbed

# What the long-poll scenario sends when no rate is given.
MESSAGES_A_SECOND = 50

TITLE = "From send to parked long poll, idle daemon"

ROWS = [
    Row("one sync of 4 KiB on this disk, p50", lambda f: f["sync"]["p50"], milliseconds),
    Row("one sync of 4 KiB on this disk, p99", lambda f: f["sync"]["p99"], milliseconds),
    Row("one such sync 50 times a second, p50", lambda f: f["idle sync"]["p50"], milliseconds),
    Row("send to long poll, p50", lambda f: f["poll"]["p50"], milliseconds),
    Row("send to long poll, p50 above one sync", lambda f: f["poll"]["p50"] - f["sync"]["p50"], milliseconds, at_most(1)),
    Row(
        "send to long poll, p50 above one sync 50 times a second", lambda f: f["poll"]["p50"] - f["idle sync"]["p50"],
        milliseconds),
    Row("send to long poll, p99", lambda f: f["poll"]["p99"], milliseconds, at_most(5)),
]


def measure(bench):
    return [undisturbed(bench, lambda: measure_round(bench), prepare=lambda: rest(bench)) for _ in range(bench.rounds)]


def measure_round(bench):
    with bench.watch.measuring():
        sync = sync_times_ms(bench.folder, seconds=1)
        # As idle as the daemon is: a disk that has nothing to do in between takes several times as long.
        idle_sync = sync_times_ms(bench.folder, seconds=2, pause=1 / MESSAGES_A_SECOND)
    with serving(bench.folder / "poll") as daemon:
        # So long that the p99 is not that of one message.
        poll = load(bench, daemon.url, "long-poll", connections=1, seconds=10 * bench.seconds)["latency_ms"]
    return {"sync": sync, "idle sync": idle_sync, "poll": poll}
