"""HTTP/1.1 as the socket server speaks it, and all the ways in which a request can be wrong."""

import json
import os
from contextlib import ExitStack

import pytest

from checks import counters, receive, send
from clients import RawConnection, request_bytes

LIST = request_bytes("ListQueues", {"QueueNamePrefix": "there is no such prefix"})


@pytest.fixture
def connection(daemon):
    with RawConnection(daemon) as connection:
        yield connection


def is_well(daemon):
    with RawConnection(daemon) as connection:
        return connection.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200


def headed(*headers, body=b"", line="POST / HTTP/1.1"):
    """A request with these headers and no others."""
    return ("\r\n".join([line, *headers]) + "\r\n\r\n").encode() + body


JSON_HEADERS = [
    "Host: x",
    "X-Amz-Target: AmazonSQS.SendMessage",
    "Content-Type: application/x-amz-json-1.0",
]


# Connections


def test_a_connection_is_kept_for_the_next_request(connection):
    for _ in range(3):
        assert connection.send(LIST).answer().body == b"{}"


def test_a_connection_is_closed_when_the_client_asks_for_it(connection):
    connection.send(headed("Host: x", "Connection: close", line="GET /health HTTP/1.1"))
    assert connection.answer().status == 200
    assert connection.is_closed_by_peer()


def test_http_1_0_closes_the_connection(connection):
    connection.send("GET /health HTTP/1.0\r\n\r\n")
    assert connection.answer().status == 200
    assert connection.is_closed_by_peer()


def test_requests_sent_together_are_answered_in_their_order(connection, queue):
    bodies = [f"message {number}" for number in range(20)]
    requests = [request_bytes("SendMessage", {"QueueUrl": queue, "MessageBody": body}) for body in bodies]
    connection.send(b"".join(requests) + LIST + request_bytes("Nothing", {}))
    answers = [connection.answer() for _ in range(22)]
    assert [answer.status for answer in answers] == [200] * 21 + [400]
    connection.send(request_bytes("ReceiveMessage", {"QueueUrl": queue, "MaxNumberOfMessages": 10}))
    received = connection.answer().json["Messages"]
    assert [message["Body"] for message in received] == bodies[:10]
    assert [message["MessageId"] for message in received] == [answer.json["MessageId"] for answer in answers[:10]]


def test_a_request_behind_a_long_poll_waits_its_turn(connection, sqs, queue):
    poll = request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    connection.send(poll + LIST)
    counters(sqs, queue)
    send(sqs, queue, "hello")
    assert connection.answer().json["Messages"][0]["Body"] == "hello"
    assert connection.answer().body == b"{}"


def test_a_request_may_come_byte_by_byte(connection):
    for byte in LIST:
        connection.send(bytes([byte]))
    assert connection.answer().body == b"{}"


def test_half_a_request_does_no_harm(daemon):
    for length in (1, 20, len(LIST) - 1):
        with RawConnection(daemon) as connection:
            connection.send(LIST[:length])
    assert is_well(daemon)


def test_a_client_that_does_not_read_its_answer_does_no_harm(daemon, sqs, queue):
    send(sqs, queue, "x" * 1_000_000)
    with RawConnection(daemon) as connection:
        receive_all = request_bytes("ReceiveMessage", {"QueueUrl": queue, "VisibilityTimeout": 0})
        connection.send(receive_all * 10)
        assert is_well(daemon)
    assert is_well(daemon)


def test_an_empty_line_before_a_request_is_skipped(connection):
    assert connection.send(b"\r\n" + LIST).answer().body == b"{}"


# Bodies


def chunked(body, sizes, trailer=b""):
    data, parts = body, []
    for size in sizes:
        parts.append(b"%x\r\n%s\r\n" % (len(data[:size]), data[:size]))
        data = data[size:]
    if data:
        parts.append(b"%X;name=value\r\n%s\r\n" % (len(data), data))
    return b"".join(parts) + b"0\r\n" + trailer + b"\r\n"


@pytest.mark.parametrize("sizes", [[], [1], [1, 2, 3, 4, 5], [1] * 30])
@pytest.mark.parametrize("trailer", [b"", b"X-Checksum: 1\r\n"])
def test_a_body_may_come_in_chunks(connection, sqs, queue, sizes, trailer):
    body = json.dumps({"QueueUrl": queue, "MessageBody": "hello"}).encode()
    request = headed(*JSON_HEADERS, "Transfer-Encoding: chunked", body=chunked(body, sizes, trailer))
    answer = connection.send(request + LIST).answer()
    assert answer.status == 200, answer.body
    assert connection.answer().body == b"{}"
    assert [message["Body"] for message in receive(sqs, queue)] == ["hello"]


def test_a_client_that_expects_to_be_asked_for_its_body_is_asked(connection, queue):
    body = json.dumps({"QueueUrl": queue, "MessageBody": "hello"}).encode()
    connection.send(headed(*JSON_HEADERS, f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert connection.answer().status == 100
    assert connection.send(body).answer().status == 200


def test_a_client_that_does_not_wait_to_be_asked_gets_its_answer_too(connection, queue):
    body = json.dumps({"QueueUrl": queue, "MessageBody": "hello"}).encode()
    connection.send(headed(*JSON_HEADERS, f"Content-Length: {len(body)}", "Expect: 100-continue", body=body))
    answer = connection.answer()
    if answer.status == 100:
        answer = connection.answer()
    assert answer.status == 200


def test_a_body_of_eight_mebibytes_is_read(connection):
    body = b'{"Unknown":"' + b"x" * (8 * 1024 * 1024 - 14) + b'"}'
    headers = ["Host: x", "X-Amz-Target: AmazonSQS.ListQueues", f"Content-Length: {len(body)}"]
    assert connection.send(headed(*headers, "Content-Type: application/x-amz-json-1.0", body=body)).answer().status == 200


# Methods


@pytest.mark.parametrize("path, status", [("/health", 200), ("/", 404)])
def test_head_answers_headers_without_a_body(connection, path, status):
    connection.send(headed("Host: x", line=f"HEAD {path} HTTP/1.1"))
    answer = connection.answer(to_head=True)
    assert answer.status == status
    assert answer.headers["Date"] and answer.headers["x-amzn-RequestId"]
    # If a body had followed, this answer would not start where it should.
    assert connection.send(LIST).answer().body == b"{}"


def test_options_is_answered(connection):
    answer = connection.send(headed("Host: x", line="OPTIONS / HTTP/1.1")).answer()
    assert answer.status in (200, 204)
    assert "POST" in answer.headers["Allow"]
    assert connection.send(LIST).answer().body == b"{}"


# Wrong requests: an answer with the right status, then the connection closes, and the daemon is as well as before.

WRONG = [
    ("nonsense", b"nonsense\r\n\r\n", {400}),
    ("no version", b"GET /\r\n\r\n", {400, 505}),
    ("too many words", b"GET / / HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    ("control character in the path", b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", {400}),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    ("another version", headed("Host: x", line="GET / HTTP/3.7"), {505}),
    ("version in lower case", headed("Host: x", line="GET / http/1.1"), {400, 505}),
    ("no host", headed(line="GET /health HTTP/1.1"), {400}),
    ("two hosts", headed("Host: x", "Host: y", line="GET /health HTTP/1.1"), {400}),
    ("a header without a colon", headed("Host: x", "Color"), {400}),
    ("a header without a name", headed("Host: x", ": blue"), {400}),
    ("a space before the colon", headed("Host: x", "Color : blue"), {400}),
    ("a folded header", headed("Host: x", "Color: blue", " red"), {400}),
    ("a NUL in a header", headed("Host: x", "Color: bl\x00ue"), {400}),
    ("a bare CR in a header", headed("Host: x", "Color: bl\rue"), {400}),
    ("a length that is no number", headed("Host: x", "Content-Length: ten"), {400}),
    ("a negative length", headed("Host: x", "Content-Length: -1"), {400}),
    ("a length with a sign", headed("Host: x", "Content-Length: +1", body=b"x"), {400}),
    ("a huge length", headed("Host: x", "Content-Length: 99999999999999999999"), {400, 413}),
    ("two different lengths", headed("Host: x", "Content-Length: 1", "Content-Length: 2", body=b"xy"), {400}),
    (
        "a length and chunks",
        headed("Host: x", "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        {400},
    ),
    ("an unknown coding", headed("Host: x", "Transfer-Encoding: gzip"), {501}),
    ("a chunk size that is no number", headed("Host: x", "Transfer-Encoding: chunked", body=b"x\r\n\r\n"), {400}),
    (
        "a chunk longer than told",
        headed("Host: x", "Transfer-Encoding: chunked", body=b"1\r\nxyz\r\n0\r\n\r\n"),
        {400},
    ),
    (
        "a huge chunk",
        headed("Host: x", "Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\n"),
        {400, 413},
    ),
    ("an unknown expectation", headed("Host: x", "Expect: a-miracle", "Content-Length: 0"), {417, 400}),
    ("a method nobody knows", headed("Host: x", line="BREW / HTTP/1.1"), {405, 501}),
    ("a method that is not for this", headed("Host: x", line="DELETE / HTTP/1.1"), {405}),
    ("a header beyond all measure", headed("Host: x", "Color: " + "b" * 1_000_000), {431}),
    ("too many headers", headed("Host: x", *[f"Color-{number}: blue" for number in range(10_000)]), {431}),
    ("a path beyond all measure", headed("Host: x", line=f"GET /{'p' * 1_000_000} HTTP/1.1"), {414, 431}),
    ("a body beyond all measure", headed("Host: x", "Content-Length: 1000000000"), {413}),
]


@pytest.mark.parametrize("request_bytes, statuses", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_request_is_answered_and_its_connection_closed(daemon, request_bytes, statuses):
    with RawConnection(daemon) as connection:
        try:
            connection.send(request_bytes)
        except OSError:
            pass  # The daemon may close while the rest is still being sent.
        try:
            status = connection.answer().status
        except ConnectionResetError:
            # What was still unread when the daemon closed resets the connection, and the answer may be lost with it.
            assert len(request_bytes) > 100_000
        else:
            assert status in statuses
        assert connection.is_closed_by_peer()
    assert is_well(daemon)


def test_a_wrong_request_does_not_disturb_those_before_it(connection):
    connection.send(LIST + LIST + b"nonsense\r\n\r\n")
    assert [connection.answer().status for _ in range(3)] == [200, 200, 400]
    assert connection.is_closed_by_peer()


# Many connections


def threads_of(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/task"))


def test_a_thousand_idle_connections_cost_no_threads_and_hold_up_nobody(daemon, sqs, queue):
    before = threads_of(daemon)
    with ExitStack() as connections:
        idle = [connections.enter_context(RawConnection(daemon)) for _ in range(1000)]
        assert idle[0].send(LIST).answer().body == b"{}"
        assert idle[-1].send(LIST).answer().body == b"{}"
        send(sqs, queue, "hello")
        assert threads_of(daemon) == before
    assert is_well(daemon)


def test_a_thousand_long_polls_cost_no_threads_and_each_gets_its_message(daemon, sqs, queue):
    before = threads_of(daemon)
    poll = request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    with ExitStack() as connections:
        polls = [connections.enter_context(RawConnection(daemon)).send(poll) for _ in range(1000)]
        counters(sqs, queue)
        assert threads_of(daemon) == before
        for batch in range(100):
            entries = [{"Id": str(number), "MessageBody": f"{batch}.{number}"} for number in range(10)]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        bodies = [each.answer().json["Messages"][0]["Body"] for each in polls]
    assert len(set(bodies)) == 1000
