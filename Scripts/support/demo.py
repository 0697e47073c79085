"""Streams dpkg's status file through a queue while the daemon is killed, and proves that every record came through.

Each record of the file is one message: the body is the record's exact bytes, an attribute carries its number. Producers
and consumers are boto3 clients that retry when an answer is lost, as every SDK does. A send whose answer was lost in a
kill may therefore exist twice; such duplicates are counted. The demo fails unless every record came with its exact bytes,
every acknowledged send was delivered, no acknowledged delete came back, and nothing is left.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from daemon import Daemon, end_on_signals, REPOSITORY

STATUS_FILE = Path("/var/lib/dpkg/status")
SEPARATOR = b"\n\n"

PRODUCERS = 4
CONSUMERS = 4
# Messages whose receive was answered into a dead connection come back after this time.
VISIBILITY_SECONDS = 3
DEADLINE_SECONDS = 300


def main():
    options = parse_options()
    end_on_signals()
    file = STATUS_FILE.read_bytes()
    records = file.removesuffix(SEPARATOR).split(SEPARATOR)
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    # Inside the checkout, because /tmp may be memory and this is about a disk.
    with tempfile.TemporaryDirectory(prefix="demo-", dir=REPOSITORY / ".build") as folder:
        daemon = Daemon(Path(folder) / "demo.db").start()
        try:
            return Demo(daemon, records, options.rounds, options.kills).run()
        finally:
            daemon.finish()


def parse_options():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often the file is streamed (3)")
    parser.add_argument("--kills", type=int, default=3, help="how often the daemon is killed (3)")
    return parser.parse_args()


class Demo:
    def __init__(self, daemon, records, rounds, kills):
        self.daemon = daemon
        self.records = records
        self.rounds = rounds
        self.kills = kills
        self.lock = threading.Lock()
        self.unsent = iter([f"{round}.{index}" for round in range(rounds) for index in range(len(records))])
        self.counts = Counter()
        self.sent = {}  # message id -> record number, for every acknowledged send
        self.received = {}  # message id -> record number
        self.deleted_at = {}  # message id -> when the answer to its delete came
        self.problems = []
        self.done = threading.Event()
        self.deadline = time.monotonic() + DEADLINE_SECONDS

    @property
    def total(self):
        return self.rounds * len(self.records)

    def run(self):
        started = time.monotonic()
        self.queue_url = self.client().create_queue(
            QueueName="packages", Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )["QueueUrl"]
        size = sum(map(len, self.records))
        print(f"{len(self.records)} records of {STATUS_FILE}, {size} bytes, the largest {max(map(len, self.records))}")
        print(f"{self.rounds} rounds of them, {PRODUCERS} producers, {CONSUMERS} consumers; {self.daemon.ready_line}")

        producers = [self.thread(self.produce) for _ in range(PRODUCERS)]
        consumers = [self.thread(self.consume) for _ in range(CONSUMERS)]
        self.kill_in_the_middle()
        for thread in producers:
            thread.join()
        self.wait_until_drained()
        for thread in consumers:
            thread.join()
        if not self.problems:
            self.verify()
        self.report(time.monotonic() - started)
        return 1 if self.problems else 0

    # What the clients do

    def produce(self):
        sqs = self.client()
        while (number := self.next_number()) is not None:
            body = self.record(number).decode("utf-8")
            attribute = {"record": {"DataType": "String", "StringValue": number}}
            answer = self.insist(
                "send", lambda: sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, MessageAttributes=attribute)
            )
            with self.lock:
                self.sent[answer["MessageId"]] = number

    def consume(self):
        sqs = self.client()
        while not self.done.is_set():
            asked_at = time.monotonic()
            answer = self.insist("receive", lambda: self.receive(sqs))
            for message in answer.get("Messages", []):
                self.check(message, asked_at)
                self.insist(
                    "delete",
                    lambda: sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]),
                )
                with self.lock:
                    self.deleted_at.setdefault(message["MessageId"], time.monotonic())

    def receive(self, sqs):
        return sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageAttributeNames=["record"],
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )

    def check(self, message, asked_at):
        identifier = message["MessageId"]
        number = message["MessageAttributes"]["record"]["StringValue"]
        with self.lock:
            self.counts["received"] += 1
            if int(message["Attributes"]["ApproximateReceiveCount"]) > 1:
                self.counts["redelivered"] += 1
            self.received[identifier] = number
            if message["Body"].encode("utf-8") != self.record(number):
                self.problems.append(f"record {number} came with other bytes")
            if self.deleted_at.get(identifier, asked_at) < asked_at:
                self.problems.append(f"record {number} came back after its delete was acknowledged")

    def insist(self, what, call):
        """Calls until there is an answer. Every lost one is counted: the daemon may or may not have done the work."""
        while time.monotonic() < self.deadline:
            try:
                return call()
            except (BotoConnectionError, HTTPClientError):
                pass
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
            with self.lock:
                self.counts[f"{what} retried"] += 1
            time.sleep(0.05)
        raise TimeoutError(f"no answer to {what} within {DEADLINE_SECONDS} s")

    # What happens to the daemon

    def kill_in_the_middle(self):
        """Kills and restarts the daemon each time that another share of the messages has been sent."""
        for kill in range(1, self.kills + 1):
            while len(self.sent) < self.total * kill // (self.kills + 1) and not self.problems:
                self.expect_in_time()
                time.sleep(0.005)
            before = self.daemon.pid
            sent, deleted = len(self.sent), len(self.deleted_at)
            self.daemon.kill_and_restart()
            print(f"killed {before} after {sent} sends and {deleted} deletes; {self.daemon.pid} took over the file")

    def wait_until_drained(self):
        sqs = self.client()
        while not self.problems and any(self.left(sqs).values()):
            self.expect_in_time()
            time.sleep(0.1)
        self.done.set()

    def expect_in_time(self):
        if time.monotonic() > self.deadline:
            self.done.set()
            raise TimeoutError(f"not drained within {DEADLINE_SECONDS} s: {self.left(self.client())}")

    def left(self, sqs):
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        answer = self.insist(
            "count", lambda: sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        )
        return {name: int(answer["Attributes"][name]) for name in names}

    # What must be true in the end

    def verify(self):
        arrived = set(self.received.values())
        for round in range(self.rounds):
            numbers = [f"{round}.{index}" for index in range(len(self.records))]
            if missing := [number for number in numbers if number not in arrived]:
                self.problems.append(f"{len(missing)} records never came, the first of them {missing[0]}")
        if lost := self.sent.keys() - self.received.keys():
            self.problems.append(f"{len(lost)} acknowledged sends were never delivered")
        left = self.left(self.client())
        if any(left.values()):
            self.problems.append(f"left in the queue: {left}")

    def report(self, seconds):
        duplicates = len(self.received) - len(set(self.received.values()))
        lines = [
            ("sent", len(self.sent), f"{self.counts['send retried']} retried after a lost answer"),
            ("received", self.counts["received"], f"{len(set(self.received.values()))} different records"),
            ("redelivered", self.counts["redelivered"], "their first receive or delete was lost in a kill"),
            ("duplicates", duplicates, "sent again, because the answer to the first send was lost"),
            ("deleted", len(self.deleted_at), f"{self.counts['delete retried']} retried after a lost answer"),
            ("killed", self.kills, "times, with SIGKILL"),
        ]
        for name, number, note in lines:
            print(f"{name:12} {number:7}   {note}")
        for problem in self.problems[:10]:
            print(f"FAILED: {problem}")
        if not self.problems:
            print(f"Every record came through with its exact bytes, nothing is left. {seconds:.1f} s")

    # Helpers

    def client(self):
        return boto3.session.Session().client(
            "sqs",
            endpoint_url=self.daemon.url,
            region_name="us-east-1",
            aws_access_key_id="demo",
            aws_secret_access_key="demo",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
        )

    def thread(self, work):
        """A thread whose failure is a failure of the demo."""

        def guarded():
            try:
                work()
            except Exception as error:
                with self.lock:
                    self.problems.append(f"{work.__name__}: {error!r}")

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def next_number(self):
        with self.lock:
            return next(self.unsent, None)

    def record(self, number):
        return self.records[int(number.split(".")[1])]


sys.exit(main())
