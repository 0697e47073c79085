"""Measures the daemon with wrk, beside nginx answering a static 200 to the very same requests, in turn on this machine.

Every round starts the daemon on a fresh database inside the checkout, on a disk and not in memory, so that each answer
really waits for its fsync. The ratio is what to look at: the rates themselves are the machine's.
"""

import argparse
import json
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from daemon import Daemon, REPOSITORY

BODY_BYTES = 1024


@dataclass(frozen=True)
class Scenario:
    """One request, sent over and over. `request` prepares the daemon at a URL and returns the action and its input."""

    title: str
    request: Callable


def single_send(url):
    queue_url = call(url, "CreateQueue", {"QueueName": "bench"})["QueueUrl"]
    return "SendMessage", {"QueueUrl": queue_url, "MessageBody": "x" * BODY_BYTES}


SCENARIOS = {
    "send": Scenario("durable SendMessage, 1 KiB, one message a request", single_send),
}


@dataclass(frozen=True)
class Measurement:
    rate: float
    p50_ms: float
    p99_ms: float


def main():
    options = parse_options()
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    for name in options.scenario:
        scenario = SCENARIOS[name]
        print(f"{scenario.title}; {options.connections} connections, {options.rounds} rounds of {options.seconds} s")
        holdfast, nginx = [], []
        for round in range(options.rounds):
            with tempfile.TemporaryDirectory(prefix="bench-", dir=REPOSITORY / ".build") as folder:
                measure_round(scenario, Path(folder), options, holdfast, nginx)
            print(f"  round {round + 1}: holdfast {holdfast[-1].rate:9.0f}/s   nginx {nginx[-1].rate:9.0f}/s")
        print_table(holdfast, nginx)
    return 0


def parse_options():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each server, taken in turn (5)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (5)")
    parser.add_argument("--connections", type=int, default=64, help="connections of wrk (64)")
    parser.add_argument("scenario", nargs="*", default=["send"], help=f"of {', '.join(SCENARIOS)} (send)")
    options = parser.parse_args()
    if unknown := set(options.scenario) - SCENARIOS.keys():
        parser.error(f"unknown scenario {unknown.pop()}")
    return options


def measure_round(scenario, folder, options, holdfast, nginx):
    """One measurement of each server with the same request."""
    script = folder / "request.lua"
    daemon = Daemon(folder / "bench.db").start()
    try:
        script.write_text(wrk_script(*scenario.request(daemon.url)))
        holdfast.append(run_wrk(daemon.url, script, options))
    finally:
        daemon.finish()
    with Nginx(folder / "nginx") as url:
        nginx.append(run_wrk(url, script, options))


def print_table(holdfast, nginx):
    print(f"\n  {'':10} {'median/s':>10} {'min/s':>10} {'max/s':>10} {'p50 ms':>8} {'p99 ms':>8}")
    for name, measurements in (("holdfast", holdfast), ("nginx", nginx)):
        rates = [measurement.rate for measurement in measurements]
        print(
            f"  {name:10} {statistics.median(rates):10.0f} {min(rates):10.0f} {max(rates):10.0f}"
            f" {statistics.median(m.p50_ms for m in measurements):8.2f}"
            f" {statistics.median(m.p99_ms for m in measurements):8.2f}"
        )
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(holdfast, nginx)]
    print(f"  holdfast / nginx: {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})\n")


# wrk


def run_wrk(url, script, options):
    output = subprocess.run(
        ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "-s", script, url],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    result = json.loads(output.splitlines()[-1])
    if result["errors"]:
        raise SystemExit(f"{result['errors']} of the answers from {url} were failures:\n{output}")
    return Measurement(result["requests"] / result["seconds"], result["p50_ms"], result["p99_ms"])


def wrk_script(action, parameters):
    """A script that posts one request over and over and closes with its figures as one line of JSON."""
    return f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "AmazonSQS.{action}"
wrk.body = [=[{json.dumps(parameters)}]=]

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{{"requests":%d,"seconds":%f,"errors":%d,"p50_ms":%f,"p99_ms":%f}}\\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


# The servers


class Nginx:
    """An nginx of our own: one worker, a static 200 to everything, nothing read from or written to the system's places."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()

    def __enter__(self):
        self.folder.mkdir()
        (self.folder / "nginx.conf").write_text(self.configuration())
        self.process = subprocess.Popen(
            [shutil.which("nginx"), "-p", self.folder, "-c", "nginx.conf", "-e", self.folder / "error.log"],
            stdin=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self.process)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(10)

    def configuration(self):
        temporary = "\n".join(
            f"    {name}_temp_path {self.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return f"""
daemon off;
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
{temporary}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{ return 200; }}
    }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"nginx did not start on port {port}")


def call(url, action, parameters):
    """One call over the JSON protocol."""
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
    request = urllib.request.Request(url, json.dumps(parameters).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


sys.exit(main())
