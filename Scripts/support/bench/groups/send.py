"""Sending, and taking out of a backlog, between the ceiling of HTTP and that of the storage."""

from .. import nginx, raw_sqlite, wrk
from ..failure import MeasurementFailed
from ..figures import at_least, at_most, milliseconds, ratio, Row
from ..holdfast import create_queue, load, on_new_daemon
from ..undisturbed import rest, undisturbed

TITLE = "SendMessage of 1 KiB, 64 connections, each answer after its sync"

ROWS = [
    Row("SendMessage", lambda f: f["send"]),
    Row("SendMessage, p99", lambda f: f["send p99"], milliseconds),
    Row("SendMessage, loaded by wrk", lambda f: f["send by wrk"]),
    Row("SendMessage / the same loaded by wrk", lambda f: f["send"] / f["send by wrk"], ratio),
    Row("nginx static 200 to the same requests, loaded by wrk", lambda f: f["nginx"]),
    Row("SendMessage / nginx, both loaded by wrk", lambda f: f["send by wrk"] / f["nginx"], ratio, at_least(0.4)),
    Row("SQLite alone, rows of 1 KiB", lambda f: f["raw SQLite"]),
    Row("SendMessage / SQLite alone", lambda f: f["send"] / f["raw SQLite"], ratio),
    Row("SendMessageBatch of ten, messages", lambda f: f["batch"]),
    Row("SendMessageBatch / SendMessage, in messages", lambda f: f["batch"] / f["send"], ratio, at_least(2)),
    Row("receive and delete in batches of ten, messages", lambda f: f["receive"]),
    Row("receive and delete / SendMessage, in messages", lambda f: f["receive"] / f["send"], ratio, at_least(1.5)),
    Row("SendMessage at half the rate, p99", lambda f: f["half p99"], milliseconds, at_most(10)),
]


def measure(bench):
    return [measure_round(bench) for _ in range(bench.rounds)]


def measure_round(bench):
    send = on_new_daemon(bench, lambda daemon: load(bench, daemon.url, "send"))
    figures = {"send": send["messages_per_second"], "send p99": send["latency_ms"]["p99"]}
    figures["send by wrk"] = on_new_daemon(bench, lambda daemon: wrk_rate(bench, daemon.url, create_queue(daemon, "bench")))
    with nginx.Nginx(bench.folder / "nginx") as server:
        figures["nginx"] = undisturbed(bench, lambda: wrk_rate(bench, server.url, f"{server.url}/000000000000/bench"))
    figures["raw SQLite"] = undisturbed(bench, lambda: raw_sqlite.inserts(bench, bench.folder / "sqlite"))
    figures["batch"] = on_new_daemon(bench, lambda daemon: load(bench, daemon.url, "send-batch"))["messages_per_second"]
    figures["receive"] = on_new_daemon(bench, lambda daemon: receive_rate(bench, daemon, figures["batch"]))
    rest(bench)
    half = int(send["requests_per_second"] / 2)
    figures["half p99"] = on_new_daemon(bench, lambda daemon: load(bench, daemon.url, "send", rate=half))["latency_ms"]["p99"]
    return figures


def wrk_rate(bench, url, queue_url):
    body = "x" * bench.message_size
    return wrk.requests_per_second(bench, url, "SendMessage", bench.folder, QueueUrl=queue_url, MessageBody=body)


def receive_rate(bench, daemon, batch_rate):
    """Out of a backlog that lasts: taking messages out has never been twice as fast as putting them in, unless the host held
    the machine back when that was measured. Then a longer one is filled."""
    backlog = int(2 * batch_rate * (bench.warm_up + bench.seconds))
    for length in (backlog, 2 * backlog, 4 * backlog):
        figures = load(bench, daemon.url, "receive-delete", backlog=length)
        if not figures["backlog_exhausted"]:
            return figures["messages_per_second"]
    raise MeasurementFailed(f"the backlog of {length} messages did not last for the measurement")
