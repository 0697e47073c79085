"""Measures whether receiving and deleting slows down as a queue fills: the same work with few messages waiting and with many.

One client, batches of ten, small bodies: the rates are the client's more than the daemon's, and only how they compare
counts. The order of the measurements alternates between few and many, so that both see the same machine.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from daemon import Daemon, REPOSITORY

BATCH = 10


@dataclass(frozen=True)
class Backlog:
    """A queue's messages. `groups` says how many groups `count` messages have; 0 stands for none."""

    title: str
    fifo: bool
    groups: callable
    locked: float = 0  # which part of the groups is locked by a message in flight

    @property
    def queue(self):
        return "backlog.fifo" if self.fifo else "backlog"


BACKLOGS = [
    Backlog("standard", False, lambda count: 0),
    Backlog("standard, every second message of its own group", False, lambda count: count // 2),
    Backlog("FIFO, one group", True, lambda count: 1),
    Backlog("FIFO, every second message of its own group", True, lambda count: count // 2),
    # No more: all messages of a locked group are in flight, of which a queue may have 120,000.
    Backlog("FIFO, the same, more than half of the groups locked", True, lambda count: count // 2, 0.55),
]


def main():
    options = parse_options()
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    print(f"received and deleted a second, {options.rounds} rounds of {options.batches} batches of ten\n")
    print(f"  {'':52} {options.few:>10} {options.many:>10}   ratio")
    for backlog in BACKLOGS:
        few, many = [Filled(backlog, count) for count in (options.few, options.many)]
        with few, many:
            for _ in range(options.rounds):
                few.measure(options.batches)
                many.measure(options.batches)
        ratio = many.rate / few.rate
        print(f"  {backlog.title:52} {few.rate:10.0f} {many.rate:10.0f}   {ratio:5.2f}")


def parse_options():
    parser = argparse.ArgumentParser(prog="bench-backlog", description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=5_000, help="messages in the small queue (5000)")
    parser.add_argument("--many", type=int, default=200_000, help="messages in the large queue (200000)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, taken in turn (3)")
    parser.add_argument("--batches", type=int, default=50, help="receives in one measurement (50)")
    return parser.parse_args()


class Filled:
    """A daemon of its own with a queue that holds `count` messages."""

    def __init__(self, backlog, count):
        self.backlog = backlog
        self.count = count
        self.rates = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="backlog-", dir=REPOSITORY / ".build")
        self.daemon = Daemon(Path(self.folder.name) / "backlog.db").start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port)
        try:
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill(self):
        attributes = {"VisibilityTimeout": "43200", **({"FifoQueue": "true"} if self.backlog.fifo else {})}
        self.call("CreateQueue", QueueName=self.backlog.queue, Attributes=attributes)
        for first in range(0, self.count, BATCH):
            self.call_on_queue("SendMessageBatch", Entries=[self.entry(first + index) for index in range(BATCH)])
        self.lock_groups()

    def __exit__(self, *_):
        self.connection.close()
        self.daemon.finish()
        self.folder.cleanup()

    def entry(self, number):
        entry = {"Id": str(number), "MessageBody": f"message {number}"}
        if groups := self.backlog.groups(self.count):
            entry["MessageGroupId"] = f"group-{number % groups}"
        if self.backlog.fifo:
            entry["MessageDeduplicationId"] = str(number)
        return entry

    def lock_groups(self):
        """Receives messages without deleting them; each receive leaves the groups of its messages locked."""
        wanted = int(self.backlog.groups(self.count) * self.backlog.locked)
        locked = set()
        while len(locked) < wanted:
            answer = self.call_on_queue("ReceiveMessage", MaxNumberOfMessages=BATCH, AttributeNames=["MessageGroupId"])
            locked |= {message["Attributes"]["MessageGroupId"] for message in answer["Messages"]}

    def measure(self, batches):
        received = 0
        started = time.monotonic()
        for _ in range(batches):
            messages = self.call_on_queue("ReceiveMessage", MaxNumberOfMessages=BATCH).get("Messages", [])
            received += len(messages)
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            self.call_on_queue("DeleteMessageBatch", Entries=entries)
        self.rates.append(received / (time.monotonic() - started))

    @property
    def rate(self):
        return statistics.median(self.rates)

    def call_on_queue(self, action, **parameters):
        return self.call(action, QueueUrl=self.backlog.queue, **parameters)

    def call(self, action, **parameters):
        headers = {"X-Amz-Target": f"AmazonSQS.{action}", "Content-Type": "application/x-amz-json-1.0"}
        self.connection.request("POST", "/", json.dumps(parameters), headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{action} answered {response.status}: {body.decode()}")
        return json.loads(body) if body else {}


if __name__ == "__main__":
    main()
