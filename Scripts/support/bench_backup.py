"""Measures how long sends take while backups of a large file are taken, beside the same sends without any.

The daemon's file is filled to the wanted size first. Then rounds without and with a backup take turns; in the latter one
backup follows the other as long as the round lasts. Everything happens inside the checkout, on a disk.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from daemon import BINARY, Daemon, REPOSITORY

BODY = "x" * 1024


def main():
    options = parse_options()
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-backup-", dir=REPOSITORY / ".build") as folder:
        daemon = Daemon(Path(folder) / "bench.db").start()
        try:
            measure(daemon, options)
        finally:
            daemon.finish()
    return 0


def parse_options():
    parser = argparse.ArgumentParser(prog="bench-backup", description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1024, help="size of the file (1024)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind (3)")
    parser.add_argument("--seconds", type=int, default=15, help="length of a round (15)")
    parser.add_argument("--connections", type=int, default=8, help="connections that send (8)")
    return parser.parse_args()


def measure(daemon, options):
    queue_url = call(daemon.url, "CreateQueue", {"QueueName": "bench"})["QueueUrl"]
    fill(daemon, queue_url, options.megabytes)
    send = script(daemon, "SendMessage", {"QueueUrl": queue_url, "MessageBody": BODY})
    print(f"{size(daemon.database)} MB, {options.connections} connections; milliseconds")
    for _ in range(options.rounds):
        show("no backup", wrk(daemon, send, options.seconds, options.connections))
        backups = Backups(daemon)
        with backups:
            figures = wrk(daemon, send, options.seconds, options.connections)
        show("backup", figures, backups.summary())


def fill(daemon, queue_url, megabytes):
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
    batch = script(daemon, "SendMessageBatch", {"QueueUrl": queue_url, "Entries": entries})
    deadline = time.monotonic() + 300
    while size(daemon.database) < megabytes and time.monotonic() < deadline:
        wrk(daemon, batch, 2, 32)


class Backups:
    """Takes one backup after the other; watches how large the log gets."""

    def __init__(self, daemon):
        self.database = daemon.database
        self.seconds = []
        self.log_megabytes_max = 0
        self.stopping = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.take), threading.Thread(target=self.watch)]
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def take(self):
        target = self.database.parent / "backup.db"
        while not self.stopping.is_set():
            start = time.monotonic()
            subprocess.run(
                [BINARY, "backup", target, "--database", self.database],
                check=True, stdin=subprocess.DEVNULL, capture_output=True,
            )
            self.seconds.append(time.monotonic() - start)
            target.unlink()

    def watch(self):
        while not self.stopping.wait(0.05):
            self.log_megabytes_max = max(self.log_megabytes_max, size(Path(f"{self.database}-wal")))

    def summary(self):
        seconds = ", ".join(f"{seconds:.1f}" for seconds in self.seconds)
        return f"backups of {seconds} s, log up to {self.log_megabytes_max} MB"


def wrk(daemon, script, seconds, connections):
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, daemon.url],
        check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    ).stdout
    result = json.loads(output.splitlines()[-1])
    if result["errors"]:
        raise SystemExit(f"{result['errors']} of the answers were failures:\n{output}")
    return result


def script(daemon, action, parameters):
    path = daemon.database.parent / f"{action}.lua"
    path.write_text(f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "AmazonSQS.{action}"
wrk.body = [=[{json.dumps(parameters)}]=]

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{{"rate":%f,"errors":%d,"p50":%f,"p99":%f,"p999":%f,"max":%f}}\\n',
        summary.requests / summary.duration * 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3))
end
""")
    return path


def show(name, figures, note=""):
    latencies = "".join(f"  {key} {figures[key]:7.1f}" for key in ("p50", "p99", "p999", "max"))
    print(f"  {name:9}  {figures['rate']:6.0f}/s{latencies}  {note}", flush=True)


def call(url, action, parameters):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
    request = urllib.request.Request(url, json.dumps(parameters).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


def size(path):
    """Megabytes."""
    return path.stat().st_size >> 20 if path.exists() else 0


sys.exit(main())
