"""`holdfast bench` against the daemon, and against servers that misbehave. What it measures is not judged here."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from checks import eventually
from clients import boto_client
from daemon import BINARY

SECONDS = 60


def command(endpoint, scenario, *options):
    return [str(BINARY), "bench", "--endpoint-url", endpoint, "--scenario", scenario, *map(str, options)]


def bench(endpoint, scenario, *options):
    return subprocess.run(
        command(endpoint, scenario, *options), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
    )


def measure(endpoint, scenario, *options):
    """The JSON of a run in which nothing may go wrong."""
    finished = bench(
        endpoint, scenario, "--seconds", 1, "--warm-up", 0.2, "--connections", 8, "--format", "json", *options
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    result = json.loads(finished.stdout)
    assert result["scenario"] == scenario
    assert result["errors"] == 0
    assert result["requests"] > 0
    assert result["messages"] > 0
    times = [result["latency_ms"][name] for name in ["p50", "p90", "p99", "p99_9", "max"]]
    assert times == sorted(times)
    assert 0 < times[0] and result["latency_ms"]["mean"] <= times[-1]
    assert sum(action["requests"] for action in result["actions"].values()) == result["requests"]
    return result


def bench_queues(sqs):
    return sqs.list_queues(QueueNamePrefix="bench-").get("QueueUrls", [])


@pytest.mark.parametrize(
    "scenario, options, actions",
    [
        ("send", [], {"SendMessage"}),
        ("send", ["--groups", 10], {"SendMessage"}),
        ("send-batch", ["--message-size", 10], {"SendMessageBatch"}),
        ("send-batch", ["--groups", 1], {"SendMessageBatch"}),
        ("receive-delete", ["--backlog", 20_000], {"ReceiveMessage", "DeleteMessageBatch"}),
        ("receive-delete", ["--backlog", 20_000, "--groups", 1], {"ReceiveMessage", "DeleteMessageBatch"}),
        ("receive-delete", ["--backlog", 20_000, "--groups", 5000], {"ReceiveMessage", "DeleteMessageBatch"}),
        ("lifecycle", ["--backlog", 100], {"SendMessage", "ReceiveMessage", "DeleteMessage"}),
        ("lifecycle", ["--rate", 100], {"SendMessage", "ReceiveMessage", "DeleteMessage"}),
        ("fifo", [], {"SendMessage", "ReceiveMessage", "DeleteMessage"}),
        ("fifo", ["--groups", 20], {"SendMessage", "ReceiveMessage", "DeleteMessage"}),
        ("long-poll", [], {"SendMessage", "ReceiveMessage", "DeleteMessage"}),
    ],
)
def test_every_scenario_measures_and_leaves_no_queue_behind(daemon, sqs, scenario, options, actions):
    result = measure(daemon.url, scenario, *options)
    assert set(result["actions"]) == actions
    assert bench_queues(sqs) == []


def test_a_number_of_requests_is_measured_exactly(daemon):
    result = measure(daemon.url, "send", "--requests", 500, "--seconds", 60)
    assert (result["requests"], result["messages"]) == (500, 500)
    result = measure(daemon.url, "send-batch", "--requests", 30, "--seconds", 60)
    assert (result["requests"], result["messages"]) == (30, 300)


def test_a_backlog_is_received_once_and_its_end_ends_the_test(daemon):
    result = measure(daemon.url, "receive-delete", "--backlog", 1234, "--warm-up", 0, "--seconds", 60)
    assert result["backlog_exhausted"]
    assert result["messages"] == result["actions"]["ReceiveMessage"]["messages"] == 1234
    result = measure(daemon.url, "receive-delete", "--backlog", 321, "--groups", 5, "--warm-up", 0, "--seconds", 60)
    assert result["backlog_exhausted"]
    assert result["messages"] == 321


def test_a_backlog_that_the_warm_up_uses_up_is_told(daemon, sqs):
    finished = bench(daemon.url, "receive-delete", "--backlog", 10, "--format", "json")
    assert finished.returncode == 1
    assert "raise --backlog" in finished.stderr
    assert bench_queues(sqs) == []


def test_at_a_fixed_rate_as_many_requests_are_sent(daemon):
    result = measure(daemon.url, "send", "--rate", 200, "--seconds", 2)
    assert (result["rate"], result["corrected"]) == (200, True)
    # A machine that is held up answers some of them after the end, where they are timed but not counted.
    assert result["not_sent"] == 0
    assert 0 < result["requests"] <= 401


def test_at_a_fixed_rate_every_request_that_is_due_is_sent_whatever_the_machine_does():
    class CountingServer(Server):
        sends = []

        def respond(self, action, body):
            if action == "SendMessage":
                self.sends.append(action)
            super().respond(action, body)

    with serving(CountingServer) as url:
        measure(url, "send", "--rate", 200, "--seconds", 2)
    # Those of the warm-up of 0.2 s too.
    assert len(CountingServer.sends) == 440


def test_a_table_is_for_people(daemon):
    finished = bench(daemon.url, "lifecycle", "--seconds", 1.2, "--warm-up", 0)
    assert finished.returncode == 0
    assert "SendMessage" in finished.stdout and "p99.9" in finished.stdout
    assert "1 s: " in finished.stderr


def start_bench(daemon, sqs):
    """A run that is under way and has a minute to go."""
    process = subprocess.Popen(
        command(daemon.url, "send", "--seconds", 60, "--format", "json"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    eventually(lambda: len(bench_queues(sqs)) == 1)
    return process


def test_ctrl_c_ends_a_test_and_its_queue(private_daemon):
    sqs = boto_client(private_daemon)
    process = start_bench(private_daemon, sqs)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output, errors) == (1, "", "holdfast: interrupted\n")
    assert bench_queues(sqs) == []


def test_a_daemon_that_goes_away_is_told_in_one_line(private_daemon):
    process = start_bench(private_daemon, boto_client(private_daemon))
    private_daemon.kill()
    output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert f"{private_daemon.url} went away" in errors


class Server(BaseHTTPRequestHandler):
    """Answers everything as CreateQueue should be, in the way that the class of a test says."""

    protocol_version = "HTTP/1.1"
    answer = {"QueueUrl": "http://127.0.0.1/1/q", "MessageId": "1"}
    status = 200

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers["X-Amz-Target"].removeprefix("AmazonSQS.")
        self.respond(action, json.dumps(self.answer).encode())

    def respond(self, action, body):
        self.send_response(200 if action.endswith("Queue") else self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ClosingServer(Server):
    protocol_version = "HTTP/1.0"


class SilentlyClosingServer(Server):
    """Closes after each answer without saying so, and answers in chunks."""

    def respond(self, action, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for byte in body:
            self.wfile.write(b"1\r\n%c\r\n" % byte)
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


class RefusingServer(Server):
    status = 503
    answer = {"QueueUrl": "http://127.0.0.1/1/q", "message": "too much"}


class StallingServer(Server):
    """Answers a message only when the time of the test is long over."""

    def respond(self, action, body):
        if action == "SendMessage":
            time.sleep(0.6)
        super().respond(action, body)


def test_what_a_stall_held_up_is_sent_and_timed_after_the_end():
    with serving(StallingServer) as url:
        # Three, due at 0, 67 and 133 ms.
        options = ["--rate", 15, "--seconds", 0.2, "--warm-up", 0, "--connections", 1, "--format", "json"]
        result = json.loads(bench(url, "send", *options).stdout)
    assert (result["errors"], result["not_sent"], result["requests"]) == (0, 0, 0)
    # They are answered one after the other.
    assert result["latency_ms"]["p50"] >= 1200 - 67
    assert result["latency_ms"]["max"] >= 1800 - 134


def test_a_number_of_requests_ends_a_test_that_is_behind():
    with serving(StallingServer) as url:
        options = ["--rate", 1000, "--requests", 1, "--warm-up", 0, "--connections", 1, "--format", "json"]
        result = json.loads(bench(url, "send", *options).stdout)
    # One, and not the six hundred that were due meanwhile.
    assert result["requests"] == 1
    assert result["not_sent"] > 0


def test_a_server_that_closes_after_each_answer_can_be_measured():
    with serving(ClosingServer) as url:
        assert measure(url, "send", "--requests", 200)["requests"] == 200


def test_answers_in_chunks_are_read():
    with serving(SilentlyClosingServer) as url:
        finished = bench(url, "send", "--requests", 50, "--warm-up", 0, "--connections", 1, "--format", "json")
        assert json.loads(finished.stdout)["requests"] == 50


def test_failed_requests_are_counted_apart_and_fail_the_run():
    with serving(RefusingServer) as url:
        finished = bench(url, "send", "--seconds", 0.3, "--warm-up", 0, "--connections", 2, "--format", "json")
    result = json.loads(finished.stdout)
    assert (result["requests"], result["messages"]) == (0, 0)
    assert result["errors"] > 0
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"holdfast: {result['errors']} requests failed, the first: SendMessage: HTTP 503")
    assert "too much" in finished.stderr


@pytest.mark.parametrize(
    "url, status, message",
    [
        ("https://127.0.0.1:9324", 2, "https is not supported"),
        ("127.0.0.1:9324", 2, "it should look like http://127.0.0.1:9324"),
        ("http://127.0.0.1:1", 1, "cannot reach http://127.0.0.1:1: "),
    ],
)
def test_an_endpoint_that_cannot_be_measured_is_told_in_one_line(url, status, message):
    finished = bench(url, "send")
    assert (finished.returncode, finished.stdout) == (status, "")
    assert len(finished.stderr.splitlines()) == 1
    assert message in finished.stderr


def test_a_server_that_speaks_no_http_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        def greet():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=greet)
        thread.start()
        finished = bench(f"http://127.0.0.1:{server.getsockname()[1]}", "send")
        thread.join()
    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert "does not answer in HTTP" in finished.stderr


def test_a_scenario_must_be_given_and_exist():
    finished = subprocess.run([str(BINARY), "bench"], capture_output=True, text=True, timeout=SECONDS)
    assert finished.returncode == 2
    assert "--scenario" in finished.stderr
    finished = bench("http://127.0.0.1:1", "sned")
    assert finished.returncode == 2
    assert "sned" in finished.stderr
