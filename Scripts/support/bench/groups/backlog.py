"""Whether receiving and deleting slows down as a queue fills.

A queue with a thousand messages would be empty at once. So four thousand are added, taken out while the clock runs, and
added again; the queue with a million messages is treated in the very same way, by turns.
"""

import time
from dataclasses import dataclass
from typing import Callable

from ..figures import at_least, ratio, Row
from ..holdfast import create_queue, fill, serving
from ..requests import receive_and_delete

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


KINDS = [
    Kind("standard", lambda messages: 0, 16),
    Kind("FIFO, one group", lambda messages: 1, 1),
    # As many messages in a group of either queue, or a receive would do different work.
    Kind("FIFO, ten messages a group (100,000 groups)", lambda messages: messages // 10, 16),
]


def rows(kind):
    return [
        Row(f"{kind.title}: with 1,000 waiting, messages", lambda f: f[kind, FEW]),
        Row(f"{kind.title}: with 1,000,000 waiting, messages", lambda f: f[kind, MANY]),
        Row(f"{kind.title}: 1,000,000 / 1,000", lambda f: f[kind, MANY] / f[kind, FEW], ratio, at_least(0.9)),
    ]


ROWS = [row for kind in KINDS for row in rows(kind)]


def measure(bench):
    """The kinds one after the other: five minutes after a fill, the million deduplication records would expire."""
    rounds = [{} for _ in range(bench.rounds)]
    for kind in KINDS:
        with serving(bench.folder / "few") as few, serving(bench.folder / "many") as many:
            queues = [Waiting(few, kind, FEW), Waiting(many, kind, MANY)]
            for figures in rounds:
                figures |= measure_by_turns(queues, bench.seconds)
    return rounds


def measure_by_turns(queues, seconds):
    deadline = time.monotonic() + 2 * seconds
    taken = {queue: [] for queue in queues}
    while time.monotonic() < deadline:
        for queue in queues:
            taken[queue].append(queue.take_portion())
    return {(queue.kind, queue.messages): PORTION * len(times) / sum(times) for queue, times in taken.items()}


class Waiting:
    """A queue in which so many messages wait."""

    def __init__(self, daemon, kind, messages):
        self.daemon, self.kind, self.messages = daemon, kind, messages
        self.groups = kind.groups(messages)
        attributes = {"FifoQueue": "true"} if self.groups else {}
        self.url = create_queue(daemon, "backlog.fifo" if self.groups else "backlog", **attributes)
        self.sent = 0
        self.add(messages)

    def add(self, messages):
        fill(self.daemon, self.url, messages, self.groups, first=self.sent)
        self.sent += messages

    def take_portion(self):
        """Seconds that it takes to get as many messages out as were added before."""
        self.add(PORTION)
        started = time.monotonic()
        receive_and_delete(self.daemon.port, self.url, PORTION, self.kind.connections)
        return time.monotonic() - started
