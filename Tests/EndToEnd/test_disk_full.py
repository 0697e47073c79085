"""A disk that fills up: what clients are told, and that it goes on by itself. The disk is a small tmpfs."""

import os
import sqlite3
import subprocess

import pytest

from checks import eventually
from clients import JSONClient
from daemon import Daemon

DISK_BYTES = 48 << 20


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of its own, small."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def daemon(disk, tmp_path):
    """A daemon whose file, but not its log, is on the small disk."""
    daemon = Daemon(disk / "holdfast.db")
    daemon.log_path = tmp_path / "holdfast.log"
    yield daemon.start()
    daemon.finish()


@pytest.fixture
def client(daemon):
    client = JSONClient(daemon)
    yield client
    client.close()


@pytest.fixture
def queue(client):
    return client.call("CreateQueue", {"QueueName": "q"}).json["QueueUrl"]


def send(client, queue, body):
    return client.call("SendMessage", {"QueueUrl": queue, "MessageBody": body})


def send_until_full(client, queue):
    """Sends messages of 100 kB; the ids of those that were taken, and the answer to the one that was not."""
    sent = []
    while (answer := send(client, queue, f"{len(sent)} ".ljust(100_000, "x"))).status == 200:
        sent.append(answer.json["MessageId"])
    return sent, answer


def receive(client, queue, limit=10):
    answer = client.call("ReceiveMessage", {"QueueUrl": queue, "MaxNumberOfMessages": limit})
    assert answer.status == 200, answer.body
    return answer.json.get("Messages", [])


def delete(client, queue, message):
    return client.call("DeleteMessage", {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]})


def health(client):
    answer = client.request("GET", "/health")
    return answer.status, answer.body


def fill(disk):
    """Another program takes all of the disk that is left."""
    with open(disk / "another-program.dat", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return disk / "another-program.dat"


def take_all(client, queue):
    """Receives and deletes until there is nothing left; answers the ids of the messages."""
    received = []
    while messages := receive(client, queue):
        received += [message["MessageId"] for message in messages]
        for message in messages:
            assert delete(client, queue, message).status == 200
    return received


def assert_full(answer):
    assert answer.status == 503
    assert answer.json["__type"].endswith("#ServiceUnavailable")
    assert answer.json["message"] == "The server has no room to store this."
    assert answer.headers["x-amzn-query-error"] == "ServiceUnavailable;Receiver"


def test_a_send_to_a_full_disk_fails_clearly_and_health_says_why(client, queue):
    assert health(client) == (200, b"ok\n")
    sent, refused = send_until_full(client, queue)
    assert len(sent) > 100
    assert_full(refused)
    assert health(client) == (503, b"the disk is full\n")


def test_a_batch_tells_for_each_message_that_the_disk_is_full(client, queue):
    send_until_full(client, queue)
    entries = [{"Id": name, "MessageBody": "x" * 100_000} for name in ("a", "b")]
    answer = client.call("SendMessageBatch", {"QueueUrl": queue, "Entries": entries})
    failed = {entry["Id"]: (entry["Code"], entry["SenderFault"]) for entry in answer.json["Failed"]}
    assert failed == {"a": ("ServiceUnavailable", False), "b": ("ServiceUnavailable", False)}
    assert "Successful" not in answer.json


def test_deletes_make_room_and_sends_go_on(client, queue):
    sent, _ = send_until_full(client, queue)
    for _ in range(3):
        for message in receive(client, queue):
            assert delete(client, queue, message).status == 200
    assert health(client) == (200, b"ok\n")
    assert send(client, queue, "later").status == 200
    more, refused = send_until_full(client, queue)
    assert len(more) >= 10
    assert_full(refused)


def test_a_full_disk_can_be_emptied_to_the_last_message(client, queue):
    sent, _ = send_until_full(client, queue)
    assert take_all(client, queue) == sent
    again, _ = send_until_full(client, queue)
    assert len(again) > len(sent) * 0.9


def test_a_long_reader_does_not_let_the_log_take_the_room_of_the_file(daemon, client, queue):
    reader = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchone()
    sent, refused = send_until_full(client, queue)
    assert_full(refused)
    reader.close()
    assert take_all(client, queue) == sent


@pytest.mark.parametrize("kills", [False, True])
def test_what_was_acknowledged_is_there_after_a_restart_on_a_full_disk(daemon, queue, kills):
    sent, _ = send_until_full(JSONClient(daemon), queue)
    if kills:
        daemon.kill_and_restart()
    else:
        daemon.restart()
    client = JSONClient(daemon)
    received = []
    while messages := receive(client, queue):
        received += [message["MessageId"] for message in messages]
    assert received == sent


def test_service_goes_on_by_itself_when_another_program_gives_room_back(client, queue, disk):
    first = send(client, queue, "first").json["MessageId"]
    filler = fill(disk)
    assert_full(send(client, queue, "x" * 100_000))
    assert health(client) == (503, b"the disk is full\n")
    filler.unlink()
    eventually(lambda: health(client) == (200, b"ok\n"))
    second = send(client, queue, "second").json["MessageId"]
    assert [message["MessageId"] for message in receive(client, queue)] == [first, second]


def test_a_disk_without_a_single_free_byte_loses_nothing(daemon, client, queue, disk):
    """Whatever is refused was not done, and what was done stays done, over a kill in this state as well."""
    sent, _ = send_until_full(client, queue)
    filler = fill(disk)
    gone = set()
    for _ in range(20):
        answer = client.call("ReceiveMessage", {"QueueUrl": queue, "VisibilityTimeout": 0})
        if answer.status != 200:
            assert_full(answer)
            continue
        for message in answer.json.get("Messages", []):
            deleted = delete(client, queue, message)
            if deleted.status == 200:
                gone.add(message["MessageId"])
            else:
                assert_full(deleted)
    daemon.kill()
    filler.unlink()
    client = JSONClient(daemon.start())
    received = []
    while messages := receive(client, queue):
        received += [message["MessageId"] for message in messages]
    assert received == [each for each in sent if each not in gone]
