"""Counts the instructions that each thread of the daemon takes for a request, and compares them with what is expected.

A rate says nothing on a machine that is busy with other things; a number of instructions does, so a change that makes the hot
path longer is found anywhere. The daemon runs under callgrind, which counts what each thread executes. Over eight runs, idle and
beside builds, the counts differed by 2 %. The writer's for sends over 64 connections differed by half, since how many of them
share a transaction is for the scheduler to say: it is left out. Its transactions are counted with one connection, its work
for each message with batches of ten.

The expected counts are in instructions.json, by architecture. They change with what is done for a request, the compiler and
the libraries: `--update` writes what was counted, for the commit that is to be the new measure.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from bench.requests import BATCH, call, Connection, encoded, message_batches, post_all, receive_and_delete, RECEIPT_HANDLE
from daemon import BINARY, end_on_signals, port_in, read_line, REPOSITORY

EXPECTED = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.05

THREADS = ("http", "writer")
START_SECONDS = 60
STOP_SECONDS = 60

BODY = "x" * 1024
# As many message groups, so that the ten messages of a receive from a FIFO queue were sent far apart.
GROUPS = 50


@dataclass(frozen=True)
class Scenario:
    """Requests that are counted. `run` makes `requests` of them on a queue; a quarter of as many come before, to warm up."""

    name: str
    requests: int
    run: Callable
    threads: tuple = THREADS
    queue: str = "counted"

    def warm_up(self, port, queue_url):
        self.run(port, queue_url, self.requests // 4)


def send(port, queue_url, requests, connections=1):
    post_all(port, [encoded("SendMessage", QueueUrl=queue_url, MessageBody=BODY)] * requests, connections)


def send_at_once(port, queue_url, requests):
    send(port, queue_url, requests, connections=64)


def send_batches(port, queue_url, requests):
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
    post_all(port, [encoded("SendMessageBatch", QueueUrl=queue_url, Entries=entries)] * requests, 1)


def send_batches_to_groups(port, queue_url, requests):
    # Those of the warm-up, a quarter as many, end before these begin, or they would be duplicates.
    messages = BATCH * requests
    post_all(port, message_batches(queue_url, messages, GROUPS, first=messages, body=BODY), 1)


def send_to_long_poll(port, queue_url, requests):
    """The consumer waits for each message before it is sent, and deletes it."""
    consumer, producer = Connection(port), Connection(port)
    for _ in range(requests):
        consumer.send(encoded("ReceiveMessage", QueueUrl=queue_url, WaitTimeSeconds=20))
        producer.send(encoded("SendMessage", QueueUrl=queue_url, MessageBody=BODY))
        producer.answer()
        [handle] = RECEIPT_HANDLE.findall(consumer.answer())
        consumer.send(encoded("DeleteMessage", QueueUrl=queue_url, ReceiptHandle=handle.decode()))
        consumer.answer()
    consumer.close()
    producer.close()


def receive(port, queue_url, requests):
    receive_and_delete(port, queue_url, BATCH * requests, 1)


# In this order: what is received has been sent before.
SCENARIOS = [
    Scenario("SendMessage, 1 connection", 800, send),
    Scenario("SendMessage, 64 connections", 2048, send_at_once, threads=("http",)),
    Scenario("SendMessageBatch of ten", 200, send_batches),
    Scenario("ReceiveMessage and DeleteMessageBatch of ten", 200, receive),
    Scenario("SendMessage to a long poll, DeleteMessage", 400, send_to_long_poll, queue="polled"),
    Scenario("SendMessageBatch of ten to groups", 200, send_batches_to_groups, queue="counted.fifo"),
    Scenario("ReceiveMessage and DeleteMessageBatch of a group", 200, receive, queue="counted.fifo"),
]


def main():
    options = parse_options()
    end_on_signals()
    counted = count_all()
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    if options.update:
        EXPECTED.write_text(json.dumps({**expected, platform.machine(): counted}, indent=2) + "\n")
        print(f"{EXPECTED.name} has the new counts")
        return 0
    if platform.machine() not in expected:
        print(f"nothing is expected of {platform.machine()} yet; --update writes it down")
        return 0
    return judge(counted, expected[platform.machine()])


def parse_options():
    parser = argparse.ArgumentParser(prog="instructions", description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help=f"write what was counted into {EXPECTED.name}")
    return parser.parse_args()


def judge(counted, expected):
    """Says how the counts compare. 1 if one is too high."""
    status = 0
    for scenario, threads in counted.items():
        for thread, count in threads.items():
            wanted = expected[scenario][thread]
            change = count / wanted - 1
            verdict = "too many" if change > TOLERANCE else "fewer: --update" if change < -TOLERANCE else "as expected"
            print(f"{scenario:48} {thread:8} {count:10,} {change:+7.1%}  {verdict}")
            if change > TOLERANCE:
                status = 1
    if status:
        print(
            f"The hot path takes more than {TOLERANCE:.0%} more instructions than {EXPECTED.name} says. Find out why; if it is"
            " worth it, write the new counts with Scripts/instructions --update and say why in the commit."
        )
    return status


def count_all():
    """Instructions a request by scenario and thread."""
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="instructions-", dir=REPOSITORY / ".build") as folder:
        with Counted(Path(folder)) as daemon:
            return {scenario.name: daemon.count(scenario) for scenario in SCENARIOS}


class Counted:
    """The daemon under callgrind."""

    def __init__(self, folder):
        self.folder = folder
        self.dumps = 0

    def __enter__(self):
        serve = [self.binary(), "serve", "--port", "0", "--database", self.folder / "counted.db"]
        callgrind = ["--tool=callgrind", f"--callgrind-out-file={self.folder}/counts", "--separate-threads=yes"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["valgrind", *callgrind, *serve], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        try:
            ready_line = read_line(self.process.stdout, START_SECONDS).decode()
            if "ready" not in ready_line:
                raise SystemExit(f"the daemon did not start under valgrind:\n{(self.folder / 'log').read_text()}")
        except BaseException:
            self.__exit__()
            raise
        self.port = port_in(ready_line)
        return self

    def binary(self):
        """A copy without debug information: Valgrind 3.19 gives up when it meets kinds of it that it does not know."""
        copy = self.folder / "holdfast"
        subprocess.run(["strip", "--strip-debug", "-o", copy, BINARY], check=True, stdin=subprocess.DEVNULL)
        return copy

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()

    def count(self, scenario):
        attributes = {"FifoQueue": "true"} if scenario.queue.endswith(".fifo") else {}
        url = f"http://127.0.0.1:{self.port}"
        queue_url = call(url, "CreateQueue", QueueName=scenario.queue, Attributes=attributes)["QueueUrl"]
        scenario.warm_up(self.port, queue_url)
        self.dump()
        scenario.run(self.port, queue_url, scenario.requests)
        self.dump()
        numbers = self.thread_numbers()
        return {thread: round(self.instructions(numbers[thread]) / scenario.requests) for thread in scenario.threads}

    def dump(self):
        """Writes a file of counts for each thread, and begins anew at zero."""
        self.dumps += 1
        command = ["callgrind_control", "--dump", str(self.process.pid)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def thread_numbers(self):
        """Callgrind numbers the threads as they are made, and so does Linux."""
        tasks = sorted(int(task) for task in os.listdir(f"/proc/{self.process.pid}/task"))
        names = [Path(f"/proc/{self.process.pid}/task/{task}/comm").read_text().strip() for task in tasks]
        return {name: number for number, name in enumerate(names, start=1)}

    def instructions(self, thread_number):
        counts = (self.folder / f"counts.{self.dumps}-{thread_number:02}").read_text()
        return int(re.search(r"^(?:summary|totals): (\d+)", counts, re.MULTILINE).group(1))


if __name__ == "__main__":
    sys.exit(main())
