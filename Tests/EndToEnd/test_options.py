"""Options of the daemon that change what clients see."""

import socket

import pytest

from checks import attribute, bodies, counters, eventually, receive, receive_one, send
from clients import RawConnection, boto_client, request_bytes
from daemon import Daemon


@pytest.fixture
def start(tmp_path):
    """Starts a daemon with options and gives a client of it."""
    daemons = []

    def start(*options):
        daemons.append(Daemon(tmp_path / f"{len(daemons)}.db", options).start())
        return daemons[-1], boto_client(daemons[-1])

    yield start
    for daemon in daemons:
        daemon.finish()


def new_queue(sqs, name="q", **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def test_relaxed_limits_let_a_queue_be_purged_and_made_again_at_once(start):
    _, sqs = start("--limits", "relaxed")
    queue = new_queue(sqs)
    for _ in range(3):
        send(sqs, queue, "hello")
        sqs.purge_queue(QueueUrl=queue)
        assert counters(sqs, queue) == (0, 0, 0)
    send(sqs, queue, "hello")
    sqs.delete_queue(QueueUrl=queue)
    assert new_queue(sqs) == queue
    assert counters(sqs, queue) == (0, 0, 0)


@pytest.mark.parametrize("given", ["https://queues.example", "https://queues.example/"])
def test_a_public_url_goes_before_the_host_that_the_client_used(start, given):
    _, sqs = start("--public-url", given)
    queue = new_queue(sqs)
    assert queue == "https://queues.example/000000000000/q"
    assert sqs.list_queues()["QueueUrls"] == [queue]
    send(sqs, queue, "hello")
    assert receive_one(sqs, queue)["Body"] == "hello"


def test_beyond_the_in_flight_limit_a_short_poll_fails_and_a_long_poll_waits(start):
    daemon, sqs = start("--in-flight-limit", "2")
    queue = new_queue(sqs)
    send(sqs, queue, "1", "2", "3")
    messages = receive(sqs, queue, MaxNumberOfMessages=10)
    assert bodies(messages) == ["1", "2"]
    with pytest.raises(sqs.exceptions.OverLimit) as refused:
        sqs.receive_message(QueueUrl=queue)
    error = refused.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("OverLimit", 403)
    assert error["Error"]["Message"] == (
        "Too many messages have been received without being deleted.\n"
        "Please delete your received messages or let them timeout before receiving more."
    )
    assert receive(sqs, queue, WaitTimeSeconds=1) == []
    with RawConnection(daemon) as poll:
        poll.send(request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20}))
        counters(sqs, queue)
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
        assert poll.answer().json["Messages"][0]["Body"] == "3"


def test_exhausted_messages_move_by_themselves_after_the_grace_period(start):
    _, sqs = start("--redrive-grace", "0")
    target = new_queue(sqs, "target")
    policy = f'{{"deadLetterTargetArn":"{attribute(sqs, target, "QueueArn")}","maxReceiveCount":1}}'
    source = new_queue(sqs, "source", VisibilityTimeout="0", RedrivePolicy=policy)
    send(sqs, source, "hello")
    receive_one(sqs, source)
    eventually(lambda: counters(sqs, target) == (1, 0, 0))
    assert counters(sqs, source) == (0, 0, 0)
    assert receive_one(sqs, target)["Attributes"]["DeadLetterQueueSourceArn"] == attribute(sqs, source, "QueueArn")


def test_relaxed_durability_still_survives_a_kill_of_the_daemon(start):
    daemon, sqs = start("--durability", "relaxed")
    assert "relaxed" in daemon.ready_line
    queue = new_queue(sqs)
    send(sqs, queue, "hello")
    daemon.kill_and_restart()
    assert receive_one(sqs, queue)["Body"] == "hello"


def test_the_log_holds_no_bodies_at_any_level(start):
    daemon, sqs = start("--log-level", "debug")
    queue = new_queue(sqs)
    send(sqs, queue, "a secret body")
    message = receive_one(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(sqs.exceptions.ClientError):
        send(sqs, queue, "a secret body\x01")
    daemon.stop()
    assert "a secret body" not in daemon.log()
    daemon.start()


def test_one_address_can_serve_ipv4_and_ipv6(start):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    daemon, sqs = start("--host", "::")
    assert "QueueUrls" not in sqs.list_queues()
    with socket.create_connection(("::1", daemon.port), 5) as client:
        client.sendall(request_bytes("ListQueues", {}, host="[::1]"))
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
