"""Clients that are slow, greedy or gone, by the hundred: memory stays within its bound, and others are served."""

import resource
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import eventually
from clients import JSONClient, RawConnection, request_bytes

# 256 MiB for requests and answers on their way, 64 MiB for messages on theirs, and what the daemon needs itself.
MEMORY_BOUND = 512 << 20
BODY_BOUND = 16 << 20


@pytest.fixture
def daemon(private_daemon):
    return private_daemon


@pytest.fixture
def client(daemon):
    client = JSONClient(daemon)
    yield client
    client.close()


@pytest.fixture
def queue(client):
    return client.call("CreateQueue", {"QueueName": "q"}).json["QueueUrl"]


@pytest.fixture
def connections(daemon):
    """Opens connections, and closes them in the end."""
    opened = []

    def connect(count):
        opened.extend(RawConnection(daemon, timeout=60) for _ in range(count))
        return opened[-count:]

    yield connect
    for connection in opened:
        connection.close()


def assert_served(client, queue):
    """Others can send, receive and delete."""
    assert client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "served"}).status == 200
    [message] = client.call("ReceiveMessage", {"QueueUrl": queue}).json["Messages"]
    handle = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    assert client.call("DeleteMessage", handle).status == 200


def statuses(connections):
    """The status of each connection's answer; None if it was closed without one."""

    def status(connection):
        try:
            return connection.answer().status
        except ConnectionError:
            return None

    with ThreadPoolExecutor(max_workers=32) as pool:
        return list(pool.map(status, connections))


def send_all(connections, data):
    """Sends the same on all, at the same time. A connection that the daemon has closed is left."""

    def send(connection):
        try:
            connection.send(data)
        except ConnectionError:
            pass

    with ThreadPoolExecutor(max_workers=len(connections)) as pool:
        list(pool.map(send, connections))


# Connections without end


def test_ten_thousand_idle_connections_hold_up_nobody(daemon, client, queue, connections):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 11_000:
        pytest.skip("fewer than 11,000 files may be open here")
    before = daemon.memory()
    idle = connections(10_000)
    assert_served(client, queue)
    assert daemon.memory() - before < 64 << 20
    assert idle[0].send(request_bytes("ListQueues", {})).answer().status == 200
    assert idle[-1].send(request_bytes("ListQueues", {})).answer().status == 200


def test_slow_clients_hold_up_nobody_and_are_closed_in_time(daemon, client, queue, connections):
    slow = connections(500)
    for connection in slow:
        connection.send(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Tar")
    for _ in range(3):
        for connection in slow:
            connection.send(b"g")
        assert_served(client, queue)
    assert set(statuses(slow)) == {408}
    assert_served(client, queue)


def test_heads_without_end_are_refused(daemon, client, queue, connections):
    endless = connections(300)
    send_all(endless, b"POST / HTTP/1.1\r\n" + b"X-Header: " + b"x" * 200_000)
    assert set(statuses(endless)) == {431}
    assert_served(client, queue)
    assert daemon.memory("VmHWM") < MEMORY_BOUND


# Clients that leave


def test_long_polls_that_hang_up_get_no_messages(daemon, client, queue, connections):
    poll = request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    for _ in range(4):
        for connection in connections(500):
            connection.send(poll).close()
    bodies = [str(number) for number in range(20)]
    for body in bodies:
        client.call("SendMessage", {"QueueUrl": queue, "MessageBody": body})
    received = []

    def all_are_received():
        answer = client.call("ReceiveMessage", {"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600})
        received.extend(message["Body"] for message in answer.json.get("Messages", []))
        return len(received) >= len(bodies)

    eventually(all_are_received, seconds=20)
    assert sorted(received) == sorted(bodies)
    assert daemon.memory("VmHWM") < MEMORY_BOUND


def test_a_client_that_has_shut_its_sending_side_down_gets_its_answer(client, queue, connections):
    half_open = connections(100)
    for connection in half_open:
        connection.send(request_bytes("SendMessage", {"QueueUrl": queue, "MessageBody": "hello"}))
        connection.socket.shutdown(socket.SHUT_WR)
    assert set(statuses(half_open)) == {200}
    assert all(connection.is_closed_by_peer() for connection in half_open)


# Large requests and answers


def test_bodies_of_the_maximum_size_stay_within_the_memory_bound(daemon, client, queue, connections):
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {BODY_BOUND}\r\n\r\n".encode()
    greedy = connections(100)
    send_all(greedy, head + bytes(BODY_BOUND - 1))
    assert_served(client, queue)
    assert daemon.memory("VmHWM") < MEMORY_BOUND
    for connection in greedy:
        connection.close()
    eventually(lambda: daemon.memory() < 128 << 20, seconds=20)


def test_messages_of_the_maximum_size_are_taken_or_refused(daemon, client, queue, connections):
    many = connections(300)
    send_all(many, request_bytes("SendMessage", {"QueueUrl": queue, "MessageBody": "x" * (1 << 20)}))
    answers = statuses(many)
    assert set(answers) <= {200, 503, None}
    assert daemon.memory("VmHWM") < MEMORY_BOUND
    names = ["ApproximateNumberOfMessages"]
    told = client.call("GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": names}).json["Attributes"]
    # One whose answer got lost may be there too.
    assert answers.count(200) <= int(told[names[0]]) <= answers.count(200) + answers.count(None)


LONG_BODY = {"MessageBody": "x" * 1_000_000}
LONG_ATTRIBUTE = {
    "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x" * 1_000_000}}
}


@pytest.mark.parametrize("content", [LONG_BODY, LONG_ATTRIBUTE], ids=["body", "attribute"])
def test_answers_that_nobody_reads_stay_within_the_memory_bound(daemon, client, queue, connections, content):
    other = client.call("CreateQueue", {"QueueName": "other"}).json["QueueUrl"]
    for _ in range(10):
        client.call("SendMessage", {"QueueUrl": queue, **content})
    receive = {
        "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "MessageAttributeNames": ["All"]
    }
    for connection in connections(60):
        connection.send(request_bytes("ReceiveMessage", receive))
    # One that does read comes last in the line, and so the others have been worked on then.
    assert client.call("ReceiveMessage", receive).status in (200, 503)
    assert_served(client, other)
    assert daemon.memory("VmHWM") < MEMORY_BOUND
