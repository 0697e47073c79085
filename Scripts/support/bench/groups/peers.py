"""The same work done by the systems that people use today."""

from .. import beanstalkd, moto, postgresql, redis
from ..figures import at_least, ratio, Row, share
from ..holdfast import on_new_daemon, send_rate
from ..undisturbed import undisturbed
from .send import receive_rate

TITLE = "Peers: one message of 1 KiB a request, 64 clients, each write synced before its answer"

ROWS = [
    Row("SendMessage", lambda f: f["send"]),
    Row("Redis LPUSH", lambda f: f["lpush"]),
    Row("Redis XADD", lambda f: f["xadd"]),
    Row("PostgreSQL insert", lambda f: f["insert"]),
    Row("beanstalkd put", lambda f: f["put"][0]),
    Row("beanstalkd put: how busy its client was", lambda f: f["put"][1], share),
    Row("moto SendMessage (in memory, nothing synced)", lambda f: f["moto"]),
    Row("SendMessage / Redis LPUSH", lambda f: f["send"] / f["lpush"], ratio, at_least(1)),
    Row("SendMessage / Redis XADD", lambda f: f["send"] / f["xadd"], ratio),
    Row("SendMessage / PostgreSQL insert", lambda f: f["send"] / f["insert"], ratio, at_least(2)),
    Row("SendMessage / beanstalkd put", lambda f: f["send"] / f["put"][0], ratio),
    Row("SendMessage / moto", lambda f: f["send"] / f["moto"], ratio),
    Row("receive and delete in batches of ten, messages", lambda f: f["receive"]),
    Row("PostgreSQL receive (SKIP LOCKED) and delete in batches of ten, messages", lambda f: f["skip locked"]),
    Row("receive and delete / PostgreSQL", lambda f: f["receive"] / f["skip locked"], ratio),
]


def measure(bench):
    return [measure_round(bench) for _ in range(bench.rounds)]


def measure_round(bench):
    figures = {"send": on_new_daemon(bench, lambda daemon: send_rate(bench, daemon))}
    with redis.Redis(bench.folder / "redis") as server:
        figures["lpush"] = undisturbed(bench, lambda: server.lpush(bench))
        figures["xadd"] = undisturbed(bench, lambda: server.xadd(bench))
    with beanstalkd.Beanstalkd(bench.folder / "beanstalkd") as server:
        figures["put"] = undisturbed(bench, lambda: server.puts(bench))
    with moto.Moto(bench.folder / "moto") as server:
        figures["moto"] = undisturbed(bench, lambda: send_rate(bench, server))
    figures["receive"] = on_new_daemon(bench, lambda daemon: receive_rate(bench, daemon, 2 * figures["send"]))
    with postgresql.PostgreSQL(bench.folder / "postgresql") as server:
        figures["insert"] = undisturbed(bench, lambda: server.inserts(bench))
        figures["skip locked"] = undisturbed(bench, lambda: server.receives(bench))
    return figures
