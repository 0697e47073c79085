"""Redis with an append-only file that is synced before every answer, loaded by its own redis-benchmark."""

import csv
import re

from .failure import MeasurementFailed
from .server import Server, run

SETTING = "appendfsync always, no snapshots, no rewrite of the log"

CALIBRATION_REQUESTS = 5_000


class Redis(Server):
    def command(self):
        # A rewrite of the log while it is measured would cost Redis a part of its speed: it is spared that.
        return [
            "redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", self.folder, "--daemonize", "no",
            "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0",
        ]

    def check(self):
        if "always" not in run(["redis-cli", "-p", self.port, "config", "get", "appendfsync"]):
            raise MeasurementFailed("Redis does not sync every write")

    def lpush(self, bench):
        """LPUSHes a second of 1 KiB onto one list, without pipelining."""
        return self.measure(bench, "LPUSH", "bench", "x" * bench.message_size)

    def xadd(self, bench):
        """XADDs a second of one field of 1 KiB to one stream."""
        return self.measure(bench, "XADD", "stream", "*", "body", "x" * bench.message_size)

    def measure(self, bench, *command):
        # What another trial has left.
        run(["redis-cli", "-p", self.port, "flushall"])
        # redis-benchmark counts requests, not seconds. A short run tells how many of them fill the time, and warms up.
        calibration = self.requests_per_second(bench, CALIBRATION_REQUESTS, command)
        with bench.watch.measuring():
            return self.requests_per_second(bench, int(calibration * bench.seconds), command)

    def requests_per_second(self, bench, requests, command):
        output = run(
            ["redis-benchmark", "-p", self.port, "-c", bench.connections, "-n", requests, "--csv", *command]
        )
        return float(next(csv.DictReader(output.splitlines()))["rps"])


def version():
    return re.search(r"v=(\S+)", run(["redis-server", "--version"])).group(1)
