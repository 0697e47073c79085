"""A server that the benchmark starts: one process on a free port of the loopback, ended by its own process id."""

import shutil
import signal
import socket
import subprocess
import time

from .failure import MeasurementFailed

START_SECONDS = 30
STOP_SECONDS = 30


class Server:
    """Subclasses say how to prepare the folder and the command; `with` starts and ends the process."""

    user = None
    stop_signal = signal.SIGTERM

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()

    def prepare(self):
        """What must be in the folder before the start."""

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        self.folder.mkdir()
        self.prepare()
        self.log = open(self.folder / "log", "wb")
        command = self.command()
        self.process = subprocess.Popen(
            [program(command[0]), *map(str, command[1:])],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
        )
        try:
            wait_for_port(self.port, self.process)
            self.check()
        except BaseException:
            self.__exit__()
            raise
        return self

    def check(self):
        """Asks the server whether it really syncs, where it can be asked."""

    def __exit__(self, *_):
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def program(name):
    """Where a program is; the search path is the one that the start script has made."""
    path = shutil.which(name)
    if not path:
        raise MeasurementFailed(f"{name} is not installed")
    return path


def run(command, **options):
    """Runs a client to its end and returns what it printed."""
    outcome = subprocess.run(
        [program(command[0]), *map(str, command[1:])],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, **options,
    )
    if outcome.returncode != 0:
        raise MeasurementFailed(f"{command[0]} ended with status {outcome.returncode}:\n{outcome.stdout}{outcome.stderr}")
    return outcome.stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise MeasurementFailed(f"{process.args[0]} did not start on port {port}")
