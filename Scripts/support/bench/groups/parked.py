"""What very many queues and waiting consumers cost those that work."""

import resource
import select
from contextlib import contextmanager, nullcontext

from ..failure import MeasurementFailed
from ..figures import at_least, megabytes, ratio, Row
from ..holdfast import in_turns, resident_megabytes, send_rate, serving, wait_until_idle
from ..requests import Connection, encoded, post_all

TITLE = "10,000 queues and a long poll parked on each"

QUEUES = 10_000
FILES_NEEDED = QUEUES + 1_000
CREATING_CONNECTIONS = 64
WAIT_SECONDS = 20
# Less than the polls wait, with time to park them.
SECONDS_MAX = 10

ROWS = [
    Row("SendMessage with one queue", lambda f: f["without"]),
    Row("SendMessage beside 10,000 queues and 10,000 long polls", lambda f: f["with"]),
    # "No measurable loss": what the mean of two measurements differs by from that of two others on a quiet machine.
    Row(
        "SendMessage beside 10,000 queues and 10,000 long polls / alone",
        lambda f: f["with"] / f["without"], ratio, at_least(0.95)),
    Row("resident with one queue, after the sends", lambda f: f["resident without"], megabytes),
    Row("resident with 10,000 queues and long polls, after the sends", lambda f: f["resident with"], megabytes),
]


def measure(bench):
    allow_files()
    with serving(bench.folder / "plain") as plain, serving(bench.folder / "crowded") as crowded:
        post_all(crowded.port, (encoded("CreateQueue", QueueName=f"q{n}") for n in range(QUEUES)), CREATING_CONNECTIONS)
        return [measure_round(bench, plain, crowded) for _ in range(bench.rounds)]


def allow_files():
    """The daemons that are started inherit the limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < FILES_NEEDED:
        raise MeasurementFailed(f"{FILES_NEEDED} open files are needed, the limit is {hard}: raise it with ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure_round(bench, plain, crowded):
    resident = {}

    def sends(daemon):
        with parked_polls(daemon) if daemon is crowded else nullcontext():
            rate = send_rate(bench, daemon, seconds=min(bench.seconds, SECONDS_MAX))
            resident[daemon] = resident_megabytes(daemon)
            return rate

    without, beside = in_turns(bench, plain, crowded, sends)
    return {
        "with": beside, "resident with": resident[crowded],
        "without": without, "resident without": resident[plain],
    }


@contextmanager
def parked_polls(daemon):
    """A long poll on each queue for as long as the block runs, which they all must outlast."""
    connections = []
    poller = select.poll()
    try:
        for number in range(QUEUES):
            connection = Connection(daemon.port)
            connections.append(connection)
            connection.send(encoded("ReceiveMessage", QueueUrl=f"q{number}", WaitTimeSeconds=WAIT_SECONDS))
            poller.register(connection.socket, select.POLLIN)
        wait_until_idle(daemon)
        yield
        if answered := len(poller.poll(0)):
            raise MeasurementFailed(f"{answered} of {QUEUES} long polls were answered before the measurement was over")
    finally:
        for connection in connections:
            connection.close()
