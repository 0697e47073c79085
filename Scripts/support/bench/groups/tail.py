"""How long sends take at most while the daemon is busy with a million messages in the background."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from daemon import BINARY

from ..figures import at_most, count, milliseconds, rate, Row
from ..holdfast import come_to_rest, create_queue, fill, load, serving
from ..machine import stolen_milliseconds
from ..requests import call
from ..server import run

TITLE = "SendMessage at half the peak rate, while the daemon works on a million messages of 1 KiB"

MESSAGES = 1_000_000
ROUNDS_MAX = 3
# So long after the warm-up the measuring has certainly begun.
STARTED_SECONDS = 0.5
# The shortest retention period that SQS allows.
RETENTION_SECONDS = 60


def rows(what):
    return [
        Row(f"sends {what}: p99", lambda f: f[what]["p99"], milliseconds, at_most(10)),
        Row(f"sends {what}: longest", lambda f: f[what]["max"], milliseconds, at_most(50)),
        Row(f"sends {what}: processor time that the host held back", lambda f: f[what]["stolen"], milliseconds),
    ]


ROWS = [
    Row("sends, half the peak", lambda f: f["rate"], rate),
    *rows("alone"),
    *rows("during backups"),
    Row("backups in that time", lambda f: f["backups"], count),
    *rows("during a move task"),
    Row("messages that it moved in that time", lambda f: f["moved"], count),
    *rows("while the million expires"),
    Row("expired messages that it removed in that time", lambda f: f["expired"], count),
    *rows("during purges of the rest"),
]


def measure(bench):
    return [measure_round(bench) for _ in range(min(bench.rounds, ROUNDS_MAX))]


def measure_round(bench):
    # Strict limits would have the second purge wait.
    with serving(bench.folder / "tail", "--limits", "relaxed") as daemon:
        source, target = create_queue(daemon, "source"), create_queue(daemon, "target")
        make_dead_letter_queue(daemon, source)
        fill(daemon, source, MESSAGES, body="x" * bench.message_size)
        filled = time.monotonic()
        peak = load(bench, daemon.url, "send")["requests_per_second"]
        figures = {"rate": int(peak / 2)}

        def latency():
            before = stolen_milliseconds()
            sends = load(bench, daemon.url, "send", rate=figures["rate"], seconds=2 * bench.seconds)
            return sends["latency_ms"] | {"stolen": stolen_milliseconds() - before}

        def latency_while(begin):
            """`begin` is called once the clock runs, so that what it brings on at once counts."""
            with ThreadPoolExecutor() as executor:
                sends = executor.submit(latency)
                time.sleep(bench.warm_up + STARTED_SECONDS)
                begin()
                return sends.result()

        come_to_rest(bench, daemon)
        figures["alone"] = latency()
        come_to_rest(bench, daemon)
        with backups(daemon) as taken:
            figures["during backups"] = latency()
        figures["backups"] = len(taken)
        come_to_rest(bench, daemon)
        figures["during a move task"] = latency_while(lambda: start_move_task(daemon, source, target))
        figures["moved"] = waiting(daemon, target)
        cancel_move_task(daemon, source)
        come_to_rest(bench, daemon)
        # Or there would be nothing to expire yet.
        time.sleep(max(0, filled + RETENTION_SECONDS + 1 - time.monotonic()))
        unexpired = waiting(daemon, source)
        figures["while the million expires"] = latency_while(lambda: expire_all(daemon, source))
        figures["expired"] = unexpired - waiting(daemon, source)
        # At once, or the rest would have expired too.
        figures["during purges of the rest"] = latency_while(lambda: purge(daemon, source, target))
        return figures


def make_dead_letter_queue(daemon, queue_url):
    """A move task takes messages from dead-letter queues only."""
    policy = f'{{"deadLetterTargetArn":"{arn(daemon, queue_url)}","maxReceiveCount":1}}'
    create_queue(daemon, "origin", RedrivePolicy=policy)


def arn(daemon, queue_url):
    return attribute(daemon, queue_url, "QueueArn")


def waiting(daemon, queue_url):
    return int(attribute(daemon, queue_url, "ApproximateNumberOfMessages"))


def attribute(daemon, queue_url, name):
    return call(daemon.url, "GetQueueAttributes", QueueUrl=queue_url, AttributeNames=[name])["Attributes"][name]


def start_move_task(daemon, source, target):
    """Moves messages as fast as the daemon will."""
    call(daemon.url, "StartMessageMoveTask", SourceArn=arn(daemon, source), DestinationArn=arn(daemon, target))


def cancel_move_task(daemon, source):
    """Ends the move task, unless it has moved all already."""
    task = call(daemon.url, "ListMessageMoveTasks", SourceArn=arn(daemon, source))["Results"][0]
    if task["Status"] == "RUNNING":
        call(daemon.url, "CancelMessageMoveTask", TaskHandle=task["TaskHandle"])


def expire_all(daemon, queue_url):
    """Ends the retention of whatever was sent before the last minute."""
    attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    call(daemon.url, "SetQueueAttributes", QueueUrl=queue_url, Attributes=attributes)


def purge(daemon, *queues):
    for queue in queues:
        call(daemon.url, "PurgeQueue", QueueUrl=queue)


@contextmanager
def backups(daemon):
    """Takes one backup after the other until the block ends, and collects how many seconds each took."""
    stopping, seconds = threading.Event(), []

    def take():
        while not stopping.is_set():
            # Kept until the end: to remove a large file frees memory, which disturbs (see rest).
            target = daemon.database.parent / f"backup-{len(seconds)}.db"
            started = time.monotonic()
            run([BINARY, "backup", target, "--database", daemon.database])
            seconds.append(time.monotonic() - started)

    with ThreadPoolExecutor() as executor:
        taking = executor.submit(take)
        try:
            yield seconds
        finally:
            stopping.set()
            taking.result()
