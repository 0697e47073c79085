"""The wall clock is set by hours while the daemon runs, or while it is down. libfaketime shows it another time."""

import time
from pathlib import Path

import pytest

import daemon as daemon_module
from checks import attribute, bodies, counters, eventually, receive, receive_one, send
from clients import boto_client
from daemon import BINARY, Daemon

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOURS = 3600


class Clock:
    """The wall clock as the daemon sees it: what the file says, read at each look. Other clocks are left alone."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0)

    def set(self, seconds):
        self.file.with_suffix(".new").write_text(f"{seconds:+d}")
        self.file.with_suffix(".new").rename(self.file)

    def environment(self):
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class DaemonWithClock(Daemon):
    """Clears up behind libfaketime, which leaves shared memory named after the process."""

    def start(self):
        super().start()
        self.pids = [*getattr(self, "pids", []), self.pid]
        return self

    def finish(self):
        super().finish()
        for pid in self.pids:
            for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
                Path("/dev/shm", name).unlink(missing_ok=True)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def daemon(tmp_path, clock, monkeypatch):
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    # The library changes the environment of the process it comes into first, and then the Swift runtime finds no
    # arguments any more: so a shell takes it in.
    shell = tmp_path / "holdfast"
    shell.write_text(f'#!/bin/sh\nexec {BINARY} "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setattr(daemon_module, "BINARY", shell)
    daemon = DaemonWithClock(tmp_path / "holdfast.db", environment=clock.environment())
    yield daemon.start()
    daemon.finish()


@pytest.fixture
def sqs(daemon):
    return boto_client(daemon)


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName="q")["QueueUrl"]


def sent_at(message):
    return int(message["Attributes"]["SentTimestamp"]) / 1000


def test_the_clock_of_these_tests_reaches_the_daemon(daemon, clock, sqs, queue):
    daemon.stop()
    clock.set(5 * HOURS)
    daemon.start()
    send(sqs, queue, "hello")
    assert abs(sent_at(receive_one(sqs, queue)) - time.time() - 5 * HOURS) < 600


@pytest.mark.parametrize("step", [3 * HOURS, -3 * HOURS])
def test_a_step_of_the_running_clock_releases_nothing_early_and_leaves_nothing_stuck(clock, sqs, queue, step):
    send(sqs, queue, "hidden for long", "hidden for short")
    receive_one(sqs, queue, VisibilityTimeout=600)
    receive_one(sqs, queue, VisibilityTimeout=2)
    send(sqs, queue, "delayed for long", DelaySeconds=600)
    send(sqs, queue, "delayed for short", DelaySeconds=2)
    clock.set(step)
    seen = []
    eventually(lambda: seen.extend(bodies(receive(sqs, queue, WaitTimeSeconds=1))) or len(seen) >= 2, seconds=20)
    assert sorted(seen) == ["delayed for short", "hidden for short"]
    assert receive(sqs, queue, WaitTimeSeconds=1) == []
    assert counters(sqs, queue) == (0, 3, 1)


@pytest.mark.parametrize("step", [3 * HOURS, -3 * HOURS])
def test_a_step_of_the_running_clock_neither_ends_nor_lengthens_a_long_poll(clock, sqs, queue, step):
    started = time.monotonic()
    receive(sqs, queue)
    clock.set(step)
    assert receive(sqs, queue, WaitTimeSeconds=2) == []
    assert 2 <= time.monotonic() - started < 20


def test_a_step_of_the_running_clock_ends_no_deduplication(clock, sqs):
    queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    message = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = send(sqs, queue, "hello", **message)
    clock.set(3 * HOURS)
    assert send(sqs, queue, "hello", **message)["MessageId"] == first["MessageId"]


@pytest.mark.parametrize("restart", ["restart", "kill_and_restart"])
def test_a_clock_set_back_while_the_daemon_was_down_leaves_nothing_stuck(daemon, clock, sqs, queue, restart):
    send(sqs, queue, "hidden")
    first = receive_one(sqs, queue, VisibilityTimeout=3)
    send(sqs, queue, "delayed", DelaySeconds=3)
    clock.set(-3 * HOURS)
    getattr(daemon, restart)()
    send(sqs, queue, "later")
    seen = []
    eventually(lambda: seen.extend(receive(sqs, queue, WaitTimeSeconds=1)) or len(seen) >= 3, seconds=40)
    assert sorted(bodies(seen)) == ["delayed", "hidden", "later"]
    # The time goes on from that of the last change.
    assert min(sent_at(message) for message in seen) >= sent_at(first)


def test_a_clock_set_forward_while_the_daemon_was_down_lets_the_time_pass(daemon, clock, sqs, queue):
    send(sqs, queue, "hidden for hours")
    receive_one(sqs, queue, VisibilityTimeout=12 * HOURS)
    send(sqs, queue, "hidden for minutes")
    receive_one(sqs, queue, VisibilityTimeout=600)
    daemon.stop()
    clock.set(3 * HOURS)
    daemon.start()
    assert bodies(receive(sqs, queue, WaitTimeSeconds=1)) == ["hidden for minutes"]
    assert receive(sqs, queue) == []


def test_messages_keep_the_retention_they_have_left_when_the_clock_is_set_back(daemon, clock, sqs):
    """Nothing that is still wanted is removed, and attributes of the queue stay as they were."""
    queue = sqs.create_queue(QueueName="short", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    send(sqs, queue, "hello")
    clock.set(-3 * HOURS)
    daemon.kill_and_restart()
    assert attribute(sqs, queue, "MessageRetentionPeriod") == "60"
    assert bodies(receive(sqs, queue)) == ["hello"]
