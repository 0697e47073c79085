"""The daemon under measurement, filled with messages if need be, and its own load generator, `holdfast bench`."""

import json
import math
import shutil
import statistics
import time
from contextlib import contextmanager, suppress

from daemon import BINARY, Daemon, DaemonFailed

from .failure import MeasurementFailed
from .requests import call, message_batches, post_all
from .server import run
from .undisturbed import rest, undisturbed

SETTING = "durability full, the default"

FILL_CONNECTIONS = 16
IDLE_SECONDS = 0.5


@contextmanager
def serving(folder, *options):
    """A daemon on a new database in a folder of its own, which is removed with it."""
    folder.mkdir()
    daemon = Daemon(folder / "holdfast.db", options)
    try:
        daemon.start()
        if "durability=full" not in daemon.ready_line:
            raise MeasurementFailed(f"the daemon does not sync every commit: {daemon.ready_line}")
        yield daemon
        daemon.finish()
    finally:
        # If it is still there something else has failed, perhaps because of Ctrl-C, which ends the daemon too: that is to be told.
        with suppress(DaemonFailed):
            if daemon.process is not None:
                daemon.stop()
        shutil.rmtree(folder)


def on_new_daemon(bench, measure):
    """What `measure` says of a daemon on a new database, each trial on one of its own."""

    def trial():
        with serving(bench.folder / "daemon") as daemon:
            return measure(daemon)

    return undisturbed(bench, trial)


def load(bench, url, scenario, **options):
    """What `holdfast bench` says of one scenario. An answer that is an error ends the measurement.

    At a fixed rate, a daemon can be so far behind that a part of what was due is not even sent. Then all latencies are
    infinite.
    """
    settings = {
        "endpoint-url": url, "scenario": scenario, "format": "json", "connections": bench.connections,
        "message-size": bench.message_size, "seconds": bench.seconds, "warm-up": bench.warm_up,
    }
    settings |= {name.replace("_", "-"): value for name, value in options.items()}
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with bench.watch.measuring():
        output = run([BINARY, "bench", *arguments])
    figures = json.loads(output)
    if figures["errors"]:
        raise MeasurementFailed(f"{figures['errors']} requests of scenario {scenario} to {url} failed")
    if figures.get("not_sent"):
        figures["latency_ms"] = dict.fromkeys(figures["latency_ms"], math.inf)
    return figures


def send_rate(bench, daemon, **options):
    """Sends a second, as fast as it goes."""
    return load(bench, daemon.url, "send", **options)["messages_per_second"]


def in_turns(bench, daemon, other, rate):
    """The mean of what `rate` measures on each of two daemons, in the order A B B A: the difference looked for is no larger
    than what a machine's speed changes by in seconds."""
    rates = {daemon: [], other: []}
    for turn in (daemon, other, other, daemon):
        rates[turn].append(undisturbed(bench, lambda: rate(turn), prepare=lambda: come_to_rest(bench, *rates)))
    return [statistics.mean(values) for values in rates.values()]


def create_queue(daemon, name, **attributes):
    return call(daemon.url, "CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def fill(daemon, queue_url, messages, groups=0, first=0, body="x"):
    """Sends so many messages, as ``message_batches`` makes them."""
    post_all(daemon.port, message_batches(queue_url, messages, groups, first, body), FILL_CONNECTIONS)


def resident_megabytes(daemon):
    """What it has in memory now."""
    return daemon.memory() / (1 << 20)


def most_resident_megabytes(daemon):
    """The most it has had in memory so far."""
    return daemon.memory("VmHWM") / (1 << 20)


def wait_until_idle(daemon):
    """Waits until the daemon has used no CPU for a while: `holdfast bench` deletes its queue, which is then swept away."""
    before = None
    while (now := cpu_ticks(daemon)) != before:
        before = now
        time.sleep(IDLE_SECONDS)


def come_to_rest(bench, *daemons):
    """Waits until what was sent before is swept away and the room that it took given back, which would slow down what comes
    next. The daemon keeps such room for ten seconds, and begins before the machine has rested."""
    for daemon in daemons:
        wait_until_idle(daemon)
    rest(bench)
    for daemon in daemons:
        wait_until_idle(daemon)


def cpu_ticks(daemon):
    """Processor time so far."""
    return sum(ticks(daemon.pid))


def ticks(task):
    """Processor time of a process, or of `pid/task/thread`: in its own code, and in the system for it.

    See `utime` and `stime` in proc_pid_stat(5).
    """
    with open(f"/proc/{task}/stat") as line:
        return tuple(map(int, line.read().rpartition(")")[2].split()[11:13]))


def file_megabytes(daemon):
    return daemon.database.stat().st_size / 1e6


def version():
    return run([BINARY, "--version"]).split()[-1]
