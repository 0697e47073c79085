"""How long sends take at most while the daemon is busy with a million messages in the background."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from daemon import BINARY

from ..figures import at_most, count, megabytes, milliseconds, rate, Row
from ..holdfast import come_to_rest, create_queue, fill, load, most_resident_megabytes, serving
from ..requests import call
from ..server import run
from ..undisturbed import Processors, undisturbed

TITLE = "SendMessage at half the peak rate, while the daemon works on a million messages of 1 KiB"

MESSAGES = 1_000_000
ROUNDS_MAX = 3
# So long after the warm-up the measuring has certainly begun.
STARTED_SECONDS = 0.5
# So that one gets from its first copied page to its last check meanwhile, though the file grows by as much as is sent.
BACKUP_SECONDS = 60
# The shortest retention period that SQS allows, and the one that it gives queues of which nothing is said.
RETENTION_SECONDS = 60
DEFAULT_RETENTION_SECONDS = 345_600


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
    Row("backups completed in that time", lambda f: f["backups"], count),
    *rows("during a move task"),
    Row("messages that it moved in that time", lambda f: f["moved"], count),
    *rows("while the million expires"),
    Row("expired messages that it removed in that time", lambda f: f["expired"], count),
    *rows("during purges of the rest"),
    Row("resident at most, all that included", lambda f: f["resident"], megabytes),
]


def measure(bench):
    return [measure_round(bench) for _ in range(min(bench.rounds, ROUNDS_MAX))]


def measure_round(bench):
    # Strict limits would have the second purge wait.
    with serving(bench.folder / "tail", "--limits", "relaxed") as daemon:
        work = Work(bench, daemon)
        figures = {"rate": work.rate}
        for work_beside in (work.none, work.backups, work.move_task, work.expiry, work.purges):
            figures |= undisturbed(bench, work_beside, work.prepare)
        return figures | {"resident": most_resident_megabytes(daemon)}


class Work:
    """A daemon with a million messages in a queue, and how long sends take while it works on them. Each can be measured again."""

    def __init__(self, bench, daemon):
        self.bench, self.daemon = bench, daemon
        self.source, self.target = create_queue(daemon, "source"), create_queue(daemon, "target")
        make_dead_letter_queue(daemon, self.source)
        self.fill()
        peak = undisturbed(bench, lambda: load(bench, daemon.url, "send"), lambda: come_to_rest(bench, daemon))
        self.rate = int(peak["requests_per_second"] / 2)

    def fill(self):
        fill(self.daemon, self.source, MESSAGES, body="x" * self.bench.message_size)
        self.filled = time.monotonic()

    def prepare(self):
        # What the trial before left, if this is another one of the same.
        for backup in self.daemon.database.parent.glob("backup-*.db"):
            backup.unlink()
        if not waiting(self.daemon, self.source):
            self.fill()
        come_to_rest(self.bench, self.daemon)

    def none(self):
        return {"alone": self.latency()}

    def backups(self):
        with backups(self.daemon) as taken:
            sends = self.latency(BACKUP_SECONDS)
            completed = len(taken)
        return {"during backups": sends, "backups": completed}

    def move_task(self):
        before = waiting(self.daemon, self.target)
        sends = self.latency_while(lambda: start_move_task(self.daemon, self.source, self.target))
        moved = waiting(self.daemon, self.target) - before
        cancel_move_task(self.daemon, self.source)
        return {"during a move task": sends, "moved": moved}

    def expiry(self):
        # Or there would be nothing to expire yet.
        time.sleep(max(0, self.filled + RETENTION_SECONDS + 1 - time.monotonic()))
        before = waiting(self.daemon, self.source)
        sends = self.latency_while(lambda: set_retention(self.daemon, self.source, RETENTION_SECONDS))
        # The rest is kept, for another trial and for the purges.
        set_retention(self.daemon, self.source, DEFAULT_RETENTION_SECONDS)
        return {"while the million expires": sends, "expired": before - waiting(self.daemon, self.source)}

    def purges(self):
        return {"during purges of the rest": self.latency_while(lambda: purge(self.daemon, self.source, self.target))}

    def latency_while(self, begin):
        """`begin` is called once the clock runs, so that what it brings on at once counts."""
        with ThreadPoolExecutor() as executor:
            sends = executor.submit(self.latency)
            time.sleep(self.bench.warm_up + STARTED_SECONDS)
            begin()
            return sends.result()

    def latency(self, seconds=None):
        before = Processors.now()
        sends = load(self.bench, self.daemon.url, "send", rate=self.rate, seconds=seconds or 2 * self.bench.seconds)
        return sends["latency_ms"] | {"stolen": (Processors.now().held_back - before.held_back) * 1000}


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


def set_retention(daemon, queue_url, seconds):
    call(daemon.url, "SetQueueAttributes", QueueUrl=queue_url, Attributes={"MessageRetentionPeriod": str(seconds)})


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
