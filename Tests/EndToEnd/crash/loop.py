"""The crash loop itself: clients at work, kills, the drain, the verdict, and the figures."""

import random
import socket
import threading
import time
from dataclasses import dataclass, field

from crash import oracle, rows
from crash.client import Client
from crash.history import LOST, OK, REFUSED, Delete, History, Purge, Receive, Send, StartMove
from crash.workload import PLANS, Consumer, Drainer, Mover, Producer, Purger, create_queues, queue_url

PRODUCERS = 3
CONSUMERS = 10
KILL_AFTER_SECONDS = (0.05, 0.5)
NO_PROGRESS_SECONDS = 60
# Relaxed, so that queues can be purged more often than every 60 s.
OPTIONS = ["--limits", "relaxed"]


@dataclass
class Verdict:
    figures: dict
    violations: list = field(default_factory=list)

    def __str__(self):
        lines = [f"{name:22} {figure}" for name, figure in self.figures.items()]
        return "\n".join([*lines, f"{'violations':22} {len(self.violations)}", *self.violations[:50]])


def run(daemon, kills, seed, check_rows_every=1, report=lambda _: None):
    """Kills a started daemon that often while clients work on it, and judges. It is stopped in the end.

    The seed decides what clients do and when a kill comes, but not how the threads run: the same seed again is a
    similar run, not the same.
    """
    stopped, drained = threading.Event(), threading.Event()
    create_queues(Client(daemon.port, stopped), PLANS)
    workers = make_workers(daemon.port, seed, stopped)
    for worker in workers:
        worker.thread.start()
    found = kill_again_and_again(daemon, kills, random.Random(seed), check_rows_every, report)
    finish(workers, stopped)
    drain_start = time.monotonic()
    found += check_counters(daemon)
    daemon.start()
    drainers = [Drainer(f"d{index}", daemon.port, seed, [plan], drained) for index, plan in enumerate(PLANS)]
    found += drain(daemon, drainers, drained)
    daemon.stop()
    found += rows.violations(daemon.database)
    operations = [operation for worker in [*workers, *drainers] for operation in worker.operations]
    history = History(PLANS, operations, drain_start)
    report("judging")
    return Verdict(figures(history, kills), found + oracle.violations(history))


def free_port():
    """Below those that the system gives to clients: one that looks for a daemon which is down could meet itself."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OSError("no free port")


def make_workers(port, seed, stopped):
    kinds = [(Producer, "p", PRODUCERS), (Consumer, "c", CONSUMERS), (Purger, "purger", 1), (Mover, "mover", 1)]
    return [
        kind(f"{prefix}{number}", port, seed, PLANS, stopped)
        for kind, prefix, count in kinds
        for number in range(count)
    ]


def kill_again_and_again(daemon, kills, moments, check_rows_every, report):
    found = []
    for kill in range(1, kills + 1):
        time.sleep(moments.uniform(*KILL_AFTER_SECONDS))
        daemon.kill()
        if kill % check_rows_every == 0:
            lines = rows.violations_of_copy(daemon.database, daemon.database.parent)
            found += [f"after kill {kill}: {line}" for line in lines]
            report(f"{kill} kills")
        daemon.start()
    return found


def finish(workers, stopped):
    stopped.set()
    for worker in workers:
        worker.thread.join()
    failures = [worker.failure for worker in workers if worker.failure]
    if failures:
        raise failures[0]


def check_counters(daemon):
    """Stops the daemon, and compares what it last told of its queues with what is in the file."""
    client = Client(daemon.port, threading.Event())
    told = messages_in_queues(client)
    client.close()
    daemon.stop()
    there = rows.message_count(daemon.database)
    found = rows.violations(daemon.database)
    return found if told == there else [*found, f"counters tell of {told} messages, the file has {there}"]


def drain(daemon, drainers, drained):
    """Until every queue is empty."""
    for drainer in drainers:
        drainer.thread.start()
    client, best, best_at = Client(daemon.port, drained), float("inf"), time.monotonic()
    while (left := messages_in_queues(client)) > 0 and time.monotonic() < best_at + NO_PROGRESS_SECONDS:
        if left < best:
            best, best_at = left, time.monotonic()
        time.sleep(0.1)
    client.close()
    finish(drainers, drained)
    return [f"stuck: {left} messages cannot be received"] if left else []


def messages_in_queues(client):
    return sum(count for plan in PLANS for count in counters(client, plan))


def counters(client, plan):
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    reply = client.call("GetQueueAttributes", QueueUrl=queue_url(plan.name), AttributeNames=names)
    return [int(value) for value in reply.result["Attributes"].values()]


def figures(history, kills):
    sends, deletes = history.of(Send), history.of(Delete)
    deliveries = [(receive, each) for receive in history.of(Receive) for each in receive.deliveries]
    ids = {send.message_id for send in sends if send.outcome == OK}
    tokens = {send.token for send in sends if send.outcome == OK}
    moved = {each.message_id for _, each in deliveries if each.token in tokens and each.message_id not in ids}
    outcomes = lambda operations, outcome: sum(each.outcome == outcome for each in operations)  # noqa: E731
    return {
        "kills": kills,
        "sends tried": len(sends),
        "acknowledged": outcomes(sends, OK),
        "in doubt": outcomes(sends, LOST),
        "repeats": len(sends) - len({send.token for send in sends}),
        "messages received": len(deliveries),
        "from dead-letter queues": sum(receive.queue.startswith("dead") for receive, _ in deliveries),
        "received in the drain": sum(receive.start >= history.drain_start for receive, _ in deliveries),
        "deletes acknowledged": outcomes(deletes, OK),
        "deletes in doubt": outcomes(deletes, LOST),
        "deletes refused": outcomes(deletes, REFUSED),
        "purges acknowledged": outcomes(history.of(Purge), OK),
        "moves started": outcomes(history.of(StartMove), OK),
        "seen after a move": len(moved),
    }
