"""What was acknowledged is still there after a restart, be it a clean one or a kill."""

import contextlib
import sqlite3
import threading
import time

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from checks import attribute, bodies, counters, receive, receive_one, refused, send, text
from clients import boto_client


@pytest.fixture(params=["a clean stop", "a kill"])
def restart(request, private_daemon):
    """Restarts the test's own daemon, on the same file and port."""
    return private_daemon.restart if request.param == "a clean stop" else private_daemon.kill_and_restart


@pytest.fixture
def client(private_daemon):
    return boto_client(private_daemon)


@pytest.fixture
def new_queue(client):
    def make(name="q", **attributes):
        return client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return make


def test_sent_messages_survive_with_all_they_have(client, new_queue, restart):
    queue = new_queue()
    before_sending = int(time.time() * 1000)
    sent = send(
        client,
        queue,
        "Hello, Wörld ✓\r\n",
        MessageAttributes={"color": text("blue"), "n": text("007.50", "Number.float")},
        MessageSystemAttributes={"AWSTraceHeader": text("some-trace-id")},
        MessageGroupId="tenant-1",
    )
    after_sending = int(time.time() * 1000)
    restart()
    message = receive_one(client, queue)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "Hello, Wörld ✓\r\n"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["n"] == text("007.50", "Number.float")
    assert message["Attributes"]["AWSTraceHeader"] == "some-trace-id"
    assert message["Attributes"]["MessageGroupId"] == "tenant-1"
    assert before_sending <= int(message["Attributes"]["SentTimestamp"]) <= after_sending
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_batch_survives_in_its_order(client, new_queue, restart):
    queue = new_queue()
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
    client.send_message_batch(QueueUrl=queue, Entries=entries)
    restart()
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == [str(number) for number in range(10)]


def test_deleted_messages_stay_deleted(client, new_queue, restart):
    queue = new_queue(VisibilityTimeout="0")
    send(client, queue, "1", "2", "3")
    one, two, three = receive(client, queue, MaxNumberOfMessages=3)
    client.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    client.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "ReceiptHandle": three["ReceiptHandle"]}])
    restart()
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == ["2"]
    assert counters(client, queue) == (1, 0, 0)


def test_purged_messages_stay_purged(client, new_queue, restart):
    queue = new_queue()
    send(client, queue, "in flight")
    receive_one(client, queue)
    send(client, queue, "visible")
    send(client, queue, "delayed", DelaySeconds=1)
    client.purge_queue(QueueUrl=queue)
    send(client, queue, "later")
    restart()
    assert counters(client, queue) == (1, 0, 0)
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == ["later"]
    with refused("PurgeQueueInProgress"):
        client.purge_queue(QueueUrl=queue)


def test_a_received_message_stays_hidden_and_its_handle_good(client, new_queue, restart):
    queue = new_queue()
    send(client, queue, "hello")
    handle = receive_one(client, queue)["ReceiptHandle"]
    restart()
    assert receive(client, queue) == []
    assert counters(client, queue) == (0, 1, 0)
    client.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=100)
    client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    assert counters(client, queue) == (0, 0, 0)


def test_receive_counts_and_the_first_receive_survive(client, new_queue, restart):
    queue = new_queue(VisibilityTimeout="0")
    send(client, queue, "hello")
    first = receive_one(client, queue)["Attributes"]
    receive_one(client, queue)
    restart()
    third = receive_one(client, queue)["Attributes"]
    assert third["ApproximateReceiveCount"] == "3"
    assert third["ApproximateFirstReceiveTimestamp"] == first["ApproximateFirstReceiveTimestamp"]


def test_a_changed_visibility_survives(client, new_queue, restart):
    queue = new_queue()
    send(client, queue, "given back", "kept")
    given_back, kept = receive(client, queue, MaxNumberOfMessages=2)
    client.change_message_visibility(QueueUrl=queue, ReceiptHandle=given_back["ReceiptHandle"], VisibilityTimeout=0)
    client.change_message_visibility(QueueUrl=queue, ReceiptHandle=kept["ReceiptHandle"], VisibilityTimeout=1)
    restart()
    assert bodies(receive(client, queue)) == ["given back"]
    assert bodies(receive(client, queue, WaitTimeSeconds=5)) == ["kept"]


def test_a_delay_goes_on(client, new_queue, restart):
    queue = new_queue()
    send(client, queue, "long", DelaySeconds=900)
    send(client, queue, "short", DelaySeconds=1)
    restart()
    assert bodies(receive(client, queue, WaitTimeSeconds=5, MaxNumberOfMessages=10)) == ["short"]
    assert counters(client, queue) == (0, 1, 1)


def test_queues_survive_with_attributes_and_tags(client, new_queue, restart):
    target = new_queue("target", RedriveAllowPolicy='{"redrivePermission":"allowAll"}')
    policy = f'{{"deadLetterTargetArn":"{attribute(client, target, "QueueArn")}","maxReceiveCount":3}}'
    queue = new_queue("q", DelaySeconds="5", MessageRetentionPeriod="120", RedrivePolicy=policy)
    client.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "6", "VisibilityTimeout": "7"})
    client.tag_queue(QueueUrl=queue, Tags={"team": "blue", "stage": ""})
    client.tag_queue(QueueUrl=queue, Tags={"gone": "x"})
    client.untag_queue(QueueUrl=queue, TagKeys=["gone"])

    def everything():
        return (
            client.list_queues()["QueueUrls"],
            [client.get_queue_attributes(QueueUrl=each, AttributeNames=["All"])["Attributes"] for each in (queue, target)],
            client.list_queue_tags(QueueUrl=queue)["Tags"],
            client.list_dead_letter_source_queues(QueueUrl=target)["queueUrls"],
        )

    before = everything()
    assert before[2] == {"team": "blue", "stage": ""}
    restart()
    assert everything() == before


def test_a_deleted_queue_stays_deleted_and_its_name_blocked(client, new_queue, restart):
    queue = new_queue()
    send(client, queue, "hello")
    client.delete_queue(QueueUrl=queue)
    restart()
    assert "QueueUrls" not in client.list_queues()
    with refused("QueueDoesNotExist"):
        client.receive_message(QueueUrl=queue)
    with refused("QueueDeletedRecently"):
        new_queue()


def test_a_moved_message_is_in_one_queue_only(client, new_queue, restart):
    target = new_queue("target")
    policy = f'{{"deadLetterTargetArn":"{attribute(client, target, "QueueArn")}","maxReceiveCount":1}}'
    source = new_queue("source", VisibilityTimeout="0", RedrivePolicy=policy)
    send(client, source, "hello")
    receive_one(client, source)
    assert receive(client, source) == []
    restart()
    assert counters(client, source) == (0, 0, 0)
    message = receive_one(client, target)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == attribute(client, source, "QueueArn")


def test_a_handle_of_a_deleted_queue_is_no_good_for_the_next_one(client, new_queue, restart):
    first, second = new_queue("first"), new_queue("second")
    send(client, first, "hello")
    handle = receive_one(client, first)["ReceiptHandle"]
    client.delete_queue(QueueUrl=first)
    restart()
    third = new_queue("third")
    for queue in (second, third):
        with refused("ReceiptHandleIsInvalid"):
            client.delete_message(QueueUrl=queue, ReceiptHandle=handle)


def test_every_single_acknowledged_send_survives_a_kill_right_behind_its_answer(private_daemon, client, new_queue):
    queue = new_queue()
    expected = []
    for number in range(5):
        expected.append(send(client, queue, str(number))["MessageId"])
        private_daemon.kill_and_restart()
    assert [message["MessageId"] for message in receive(client, queue, MaxNumberOfMessages=10)] == expected


class Traffic:
    """Clients that send, receive and delete, and remember what was acknowledged to them."""

    def __init__(self, daemon, queue):
        self.daemon = daemon
        self.queue = queue
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.tried = set()  # bodies of all sends, answered or not
        self.sent = set()  # bodies whose send was acknowledged
        self.deleted_at = {}  # body: when its delete was acknowledged
        self.delete_tried = set()
        self.wrong = []
        self.threads = [threading.Thread(target=self.produce, args=[number]) for number in range(3)]
        self.threads += [threading.Thread(target=self.consume) for _ in range(3)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def produce(self, producer):
        client, number = boto_client(self.daemon), 0
        while not self.stopped.is_set():
            number += 1
            body = f"{producer}.{number}"
            with self.lock:
                self.tried.add(body)
            if self.answered(client.send_message, MessageBody=body):
                with self.lock:
                    self.sent.add(body)

    def consume(self):
        client = boto_client(self.daemon)
        while not self.stopped.is_set():
            asked_at = time.monotonic()
            answer = self.answered(client.receive_message, MaxNumberOfMessages=5) or {}
            for message in answer.get("Messages", []):
                self.take(client, message, asked_at)

    def take(self, client, message, asked_at):
        body = message["Body"]
        with self.lock:
            if body not in self.tried:
                self.wrong.append(f"{body} was never sent")
            if self.deleted_at.get(body, asked_at) < asked_at:
                self.wrong.append(f"{body} came back after its delete was acknowledged")
            self.delete_tried.add(body)
        if self.answered(client.delete_message, ReceiptHandle=message["ReceiptHandle"]):
            with self.lock:
                self.deleted_at.setdefault(body, time.monotonic())

    def answered(self, call, **parameters):
        """The answer, or None if it got lost in a kill."""
        try:
            return call(QueueUrl=self.queue, **parameters)
        except (BotoConnectionError, HTTPClientError):
            return None
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                with self.lock:
                    self.wrong.append(repr(error))
            return None


def drain(client, queue):
    """Receives and deletes until the queue is empty, messages in flight included; the bodies that came."""
    found, deadline = [], time.monotonic() + 20
    while any(counters(client, queue)):
        assert time.monotonic() < deadline, counters(client, queue)
        for message in receive(client, queue, MaxNumberOfMessages=10, WaitTimeSeconds=1):
            found.append(message["Body"])
            client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_under_traffic_kills_lose_nothing_and_bring_nothing_back(private_daemon, client, new_queue):
    queue = new_queue(VisibilityTimeout="1")
    with Traffic(private_daemon, queue) as traffic:
        for kill in range(1, 6):
            goal = len(traffic.sent) + 60
            deadline = time.monotonic() + 15
            while len(traffic.sent) < goal and time.monotonic() < deadline:
                time.sleep(0.005)
            assert len(traffic.sent) >= goal, (kill, len(traffic.sent), traffic.wrong)
            private_daemon.kill_and_restart()
    left = drain(client, queue)
    assert traffic.wrong == []
    assert traffic.deleted_at.keys().isdisjoint(left)
    # A delete that was tried but not acknowledged may have happened.
    assert traffic.sent - traffic.delete_tried <= set(left)
    assert traffic.sent <= set(left) | traffic.delete_tried
    assert len(left) == len(set(left))
    assert set(left) <= traffic.tried
    private_daemon.stop()
    with contextlib.closing(sqlite3.connect(private_daemon.database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    private_daemon.start()
