"""Runs the built daemon: start, SIGKILL, SIGTERM, start again on the same file and port."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("HOLDFAST_BINARY", REPOSITORY / ".build/debug/holdfast"))

# The options that the user of this machine has set for a daemon of their own are not those of the ones started here.
for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
    del os.environ[name]

START_SECONDS = 15
STOP_SECONDS = 15

# What a Swift program or the C library says when it dies by itself. A SIGKILL of ours leaves none of these.
CRASH = re.compile(rb"Fatal error|Program crashed|Crash:|Illegal instruction|Segmentation fault|SIGABRT|stack smashing")


class DaemonFailed(Exception):
    """The daemon did not start, did not stop or crashed."""


class Daemon:
    """One daemon on one database file. `options` are given to every start of it."""

    def __init__(self, database, options=(), environment=None, port=0):
        self.database = Path(database)
        self.options = list(options)
        self.environment = environment or {}
        self.port = port
        self.process = None
        self.ready_line = None
        self.log_path = self.database.parent / (self.database.name + ".log")

    def start(self):
        command = [BINARY, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--database", self.database]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*map(str, command), *self.options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        self.ready_line = self._read_ready_line()
        self.port = port_in(self.ready_line)
        return self

    def kill(self):
        """SIGKILL: what the daemon has not made durable by now is gone."""
        self._expect_alive()
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def stop(self, with_signal=signal.SIGTERM):
        """Asks the daemon to stop, waits, and returns its exit status."""
        self._expect_alive()
        self.process.send_signal(with_signal)
        return self._reap()

    def restart(self):
        """A clean stop, then a start on the same file and port."""
        status = self.stop()
        if status != 0:
            raise DaemonFailed(f"a clean stop ended with status {status}\n{self.log()}")
        return self.start()

    def kill_and_restart(self):
        self.kill()
        return self.start()

    def finish(self):
        """Ends the daemon if it still runs, and raises if it died by itself or its log tells of a crash."""
        if self.process is not None:
            self.stop()
        if CRASH.search(self.log_path.read_bytes() if self.log_path.exists() else b""):
            raise DaemonFailed("the daemon crashed:\n" + self.log())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def memory(self, field="VmRSS"):
        """Resident bytes: now, or with VmHWM the most there ever were."""
        with open(f"/proc/{self.pid}/status") as status:
            [line] = [line for line in status if line.startswith(f"{field}:")]
        return int(line.split()[1]) * 1024

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _expect_alive(self):
        status = self.process.poll()
        if status is not None:
            self.process.stdout.close()
            self.process = None
            raise DaemonFailed(f"the daemon had ended by itself with status {status}\n{self.log()}")

    def _reap(self):
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise DaemonFailed(f"the daemon did not stop within {STOP_SECONDS} s\n{self.log()}") from None
        finally:
            self.process.stdout.close()
            self.process = None
        return status

    def _read_ready_line(self):
        line = read_line(self.process.stdout, START_SECONDS)
        if line.endswith(b"\n"):
            return line.decode().rstrip("\n")
        self.process.kill()
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        raise DaemonFailed(f"no ready line (status {status})\n{self.log()}")


def end_on_signals():
    """Lets SIGTERM and SIGHUP end this program as Ctrl-C does: with all that it started, and without its files."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup lets the second be ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(f"ended by {signal.Signals(number).name}"))


def port_in(ready_line):
    """The port in the address that the ready line tells."""
    return int(re.search(r"https?://\S+:(\d+)", ready_line).group(1))


def read_line(stream, seconds):
    """One line from a pipe, or what came of it before its end or the deadline."""
    deadline = time.monotonic() + seconds
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(0, deadline - time.monotonic())):
            byte = os.read(stream.fileno(), 1)
            if not byte:
                break
            line += byte
    return line
