"""Whether receiving and deleting slows down as a queue fills.

A queue with a thousand messages would be empty at once. So four thousand are added, taken out while the clock runs, and
added again; the queue with a million messages is treated in the very same way, by turns. The client is one of our own,
since `holdfast bench` cannot stop the clock in between; how busy it was is told.
"""

import statistics
import time
from dataclasses import dataclass
from typing import Callable

from ..figures import at_least, megabytes, ratio, Row, share
from ..holdfast import create_queue, fill, in_turns, most_resident_megabytes, send_rate, serving
from ..requests import receive_and_delete
from ..undisturbed import undisturbed

TITLE = "Receive and delete in batches of ten, with 1,000 and with 1,000,000 messages waiting"

FEW = 1_000
MANY = 1_000_000
PORTION = 4_000


@dataclass(frozen=True)
class Kind:
    """A kind of queue. The more groups a FIFO queue has, the more clients can receive at once."""

    title: str
    groups: Callable[[int], int]
    connections: int


STANDARD = Kind("standard", lambda messages: 0, 16)
KINDS = [
    STANDARD,
    Kind("FIFO, one group", lambda messages: 1, 1),
    # As many messages in a group of either queue, or a receive would do different work.
    Kind("FIFO, ten messages a group (100,000 groups)", lambda messages: messages // 10, 16),
]


def rows(kind):
    return [
        Row(f"{kind.title}: with 1,000 waiting, messages", lambda f: f[kind, FEW]),
        Row(f"{kind.title}: with 1,000,000 waiting, messages", lambda f: f[kind, MANY]),
        Row(
            f"receive and delete, {kind.title}: 1,000,000 waiting / 1,000",
            lambda f: f[kind, MANY] / f[kind, FEW], ratio, at_least(0.9)),
        Row(f"{kind.title}: how busy the client was", lambda f: f[kind, "client"], share),
        Row(f"{kind.title}: resident at most, with 1,000,000 waiting", lambda f: f[kind, "resident"], megabytes),
    ]


ROWS = [
    *(row for kind in KINDS for row in rows(kind)),
    Row("SendMessage beside 1,000 waiting", lambda f: f["send", FEW]),
    Row("SendMessage beside 1,000,000 waiting", lambda f: f["send", MANY]),
    Row(
        "SendMessage beside 1,000,000 waiting / beside 1,000",
        lambda f: f["send", MANY] / f["send", FEW], ratio, at_least(0.9)),
]


def measure(bench):
    """The kinds one after the other: five minutes after a fill, the million deduplication records would expire."""
    rounds = [{} for _ in range(bench.rounds)]
    for kind in KINDS:
        with serving(bench.folder / "few") as few, serving(bench.folder / "many") as many:
            queues = [Waiting(bench, few, kind, FEW), Waiting(bench, many, kind, MANY)]
            for figures in rounds:
                figures |= undisturbed(bench, lambda: measure_by_turns(queues, bench.seconds))
            # Sends go to a queue that `holdfast bench` makes: all queues of a daemon share its tables.
            if kind is STANDARD:
                for figures in rounds:
                    figures |= measure_sends(bench, *queues)
    return rounds


def measure_by_turns(queues, seconds):
    deadline = time.monotonic() + 2 * seconds
    seconds_of = {queue: [] for queue in queues}
    worked = []
    while time.monotonic() < deadline:
        for queue in queues:
            taken, busy = queue.take_portion()
            seconds_of[queue].append(taken)
            worked.append(busy / taken)
    figures = {(queue.kind, queue.messages): PORTION * len(times) / sum(times) for queue, times in seconds_of.items()}
    few, many = queues
    return figures | {
        (few.kind, "client"): statistics.mean(worked), (few.kind, "resident"): most_resident_megabytes(many.daemon)
    }


def measure_sends(bench, few, many):
    rates = in_turns(bench, few.daemon, many.daemon, lambda daemon: send_rate(bench, daemon))
    return {("send", queue.messages): rate for queue, rate in zip((few, many), rates)}


class Waiting:
    """A queue in which so many messages wait."""

    def __init__(self, bench, daemon, kind, messages):
        self.bench, self.daemon, self.kind, self.messages = bench, daemon, kind, messages
        self.body = "x" * bench.message_size
        self.groups = kind.groups(messages)
        attributes = {"FifoQueue": "true"} if self.groups else {}
        self.url = create_queue(daemon, "backlog.fifo" if self.groups else "backlog", **attributes)
        self.sent = 0
        self.add(messages)

    def add(self, messages):
        fill(self.daemon, self.url, messages, self.groups, first=self.sent, body=self.body)
        self.sent += messages

    def take_portion(self):
        """Gets as many messages out as were added before: seconds that it took, and for how many of them the client worked."""
        self.add(PORTION)
        with self.bench.watch.measuring():
            started, worked = time.monotonic(), time.process_time()
            receive_and_delete(self.daemon.port, self.url, PORTION, self.kind.connections)
            return time.monotonic() - started, time.process_time() - worked
