"""Long polls: what wakes them, who gets the message, and what a waiting client costs the others."""

import threading
import time
from contextlib import ExitStack

import pytest

from checks import attribute, counters, receive, receive_one, send
from clients import RawConnection, request_bytes

# How soon a woken poll must answer. Generous: the point is that it does not wait for its own 20 seconds.
SOON = 2


class Poll:
    """A receive that waits in the background, on a connection of its own."""

    def __init__(self, daemon, queue, seconds=20, **options):
        self.connection = RawConnection(daemon, timeout=30)
        parameters = {"QueueUrl": queue, "WaitTimeSeconds": seconds, "AttributeNames": ["All"], **options}
        self.connection.send(request_bytes("ReceiveMessage", parameters))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def messages(self, within=SOON):
        """The messages of the answer, which must come in time."""
        self.connection.socket.settimeout(within)
        answer = self.connection.answer()
        assert answer.status == 200, answer.body
        return answer.json.get("Messages", [])

    def is_waiting(self):
        self.connection.socket.settimeout(0.05)
        try:
            return not self.connection.socket.recv(1, 2)  # 2 is MSG_PEEK
        except TimeoutError:
            return True


@pytest.fixture
def poll(daemon, sqs):
    """Starts polls on the shared daemon; answers once the daemon has read the request."""
    with ExitStack() as polls:

        def start(queue, seconds=20, **options):
            started = polls.enter_context(Poll(daemon, queue, seconds, **options))
            # A round trip on another connection, so that the daemon has had its turn to park the poll.
            assert started.is_waiting()
            sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
            return started

        yield start


def only_body(messages):
    [message] = messages
    return message["Body"]


# What wakes a poll


def test_a_send_wakes_a_poll(sqs, queue, poll):
    waiting = poll(queue)
    send(sqs, queue, "hello")
    assert only_body(waiting.messages()) == "hello"


def test_a_batch_wakes_a_poll(sqs, queue, poll):
    waiting = poll(queue, MaxNumberOfMessages=10)
    sqs.send_message_batch(
        QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2"}]
    )
    assert [message["Body"] for message in waiting.messages()] == ["1", "2"]


def test_a_message_given_back_wakes_a_poll(sqs, queue, poll):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    waiting = poll(queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    [message] = waiting.messages()
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_messages_given_back_in_a_batch_wake_a_poll(sqs, queue, poll):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    waiting = poll(queue)
    sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0}]
    )
    assert only_body(waiting.messages()) == "hello"


def test_a_timeout_that_runs_out_wakes_a_poll(sqs, queue, poll):
    send(sqs, queue, "hello")
    receive_one(sqs, queue, VisibilityTimeout=1)
    assert only_body(poll(queue).messages()) == "hello"


def test_a_delay_that_runs_out_wakes_a_poll(sqs, queue, poll):
    waiting = poll(queue)
    send(sqs, queue, "hello", DelaySeconds=1)
    assert waiting.is_waiting()
    assert only_body(waiting.messages()) == "hello"


def test_a_timeout_that_is_shortened_wakes_a_poll_when_it_runs_out(sqs, queue, poll):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue, VisibilityTimeout=1000)["ReceiptHandle"]
    waiting = poll(queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)
    assert only_body(waiting.messages()) == "hello"


def test_a_message_moved_to_its_dead_letter_queue_wakes_a_poll_there(sqs, queue, make_queue, poll):
    arn = attribute(sqs, queue, "QueueArn")
    source = make_queue(RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}')
    send(sqs, source, "hello")
    receive_one(sqs, source, VisibilityTimeout=0)
    waiting = poll(queue)
    assert receive(sqs, source) == []
    assert only_body(waiting.messages()) == "hello"


# How long a poll waits


def test_a_poll_does_not_wait_when_there_is_a_message(sqs, queue):
    send(sqs, queue, "hello")
    started = time.monotonic()
    assert receive_one(sqs, queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)["Body"] == "hello"
    assert time.monotonic() - started < SOON


def test_a_poll_that_gets_nothing_answers_in_its_time_with_no_list(sqs, queue):
    started = time.monotonic()
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert 0.95 < time.monotonic() - started < 2
    assert set(answer) == {"ResponseMetadata"}


def test_the_wait_time_of_the_queue_holds_for_a_receive_without_one(sqs, make_queue, daemon):
    queue = make_queue(ReceiveMessageWaitTimeSeconds=20)
    with RawConnection(daemon) as connection:
        connection.send(request_bytes("ReceiveMessage", {"QueueUrl": queue}))
        counters(sqs, queue)
        send(sqs, queue, "hello")
        assert len(connection.answer().json["Messages"]) == 1


def test_a_receive_with_wait_time_0_does_not_wait(sqs, make_queue):
    queue = make_queue(ReceiveMessageWaitTimeSeconds=20)
    started = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=0) == []
    assert time.monotonic() - started < SOON


# Many polls, clients that leave, queues that go


def test_each_message_goes_to_one_poll(sqs, queue, poll):
    polls = [poll(queue) for _ in range(5)]
    send(sqs, queue, "1", "2", "3", "4", "5")
    assert sorted(only_body(each.messages()) for each in polls) == ["1", "2", "3", "4", "5"]
    assert counters(sqs, queue) == (0, 5, 0)


def test_one_message_wakes_one_poll(sqs, queue, poll):
    polls = [poll(queue) for _ in range(3)]
    send(sqs, queue, "hello")
    assert only_body(polls[0].messages()) == "hello"
    assert all(each.is_waiting() for each in polls[1:])


def test_polls_of_other_queues_sleep_on(sqs, queue, make_queue, poll):
    elsewhere = poll(make_queue())
    send(sqs, queue, "hello")
    assert elsewhere.is_waiting()


def test_a_client_that_leaves_takes_no_message_with_it(sqs, queue, poll):
    poll(queue).connection.close()
    counters(sqs, queue)
    send(sqs, queue, "hello")
    assert receive_one(sqs, queue, WaitTimeSeconds=1)["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_poll_ends_when_its_queue_is_deleted(sqs, queue, poll):
    waiting = poll(queue)
    sqs.delete_queue(QueueUrl=queue)
    waiting.connection.socket.settimeout(SOON)
    answer = waiting.connection.answer()
    # Not known of the real service: either answer lets a client go on.
    assert (answer.status, answer.body) == (200, b"{}") or "QueueDoesNotExist" in answer.json["__type"]


def test_two_hundred_polls_hold_up_nobody(sqs, queue, make_queue, poll, daemon):
    with ExitStack() as polls:
        for _ in range(200):
            polls.enter_context(Poll(daemon, queue))
        other = make_queue()
        started = time.monotonic()
        for number in range(20):
            send(sqs, other, str(number))
            receive_one(sqs, other)
        assert time.monotonic() - started < SOON


def test_waiting_and_sending_clients_pass_every_message_on_once(sqs, queue, daemon):
    """Consumers that poll while producers send: each message arrives exactly once, none waits for a poll to run out."""
    expected = {f"{producer}.{number}" for producer in range(3) for number in range(50)}
    arrived, lock, done = [], threading.Lock(), threading.Event()

    def consume():
        while not done.is_set():
            for message in receive(sqs, queue, WaitTimeSeconds=1, MaxNumberOfMessages=3):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                with lock:
                    arrived.append(message["Body"])
                    if len(arrived) == len(expected):
                        done.set()

    def produce(producer):
        for number in range(50):
            send(sqs, queue, f"{producer}.{number}")

    consumers = [threading.Thread(target=consume) for _ in range(4)]
    producers = [threading.Thread(target=produce, args=[producer]) for producer in range(3)]
    for thread in [*consumers, *producers]:
        thread.start()
    in_time = done.wait(20)
    done.set()
    for thread in [*consumers, *producers]:
        thread.join()
    assert in_time, f"{len(arrived)} of {len(expected)} arrived"
    assert sorted(arrived) == sorted(expected)
    assert counters(sqs, queue) == (0, 0, 0)
