"""Message move tasks: where messages go and as what they arrive, pace, ends, listing, cancelling, restarts, refusals."""

import base64
import json
import threading
import time

import pytest

from checks import bodies, counters, eventually, receive, receive_one, refused, send, text
from clients import ACCOUNT, REGION, boto_client
from conftest import unique_name

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


class Queues:
    """A dead-letter queue, a queue in front of it, and another."""

    def __init__(self, sqs, **attributes):
        self.sqs = sqs
        self.attributes = attributes
        self.dead = self.make()
        self.source = self.make(to=self.dead)
        self.other = self.make()

    def make(self, to=None):
        suffix = ".fifo" if "FifoQueue" in self.attributes else ""
        attributes = dict(self.attributes, VisibilityTimeout="0")
        if to is not None:
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": self.arn(to), "maxReceiveCount": 1})
        return self.sqs.create_queue(QueueName=unique_name() + suffix, Attributes=attributes)["QueueUrl"]

    def arn(self, queue):
        return ARN + queue.rsplit("/", 1)[1]

    def kill(self, *bodies, queue=None, **options):
        """Sends messages and lets each be received once too often."""
        queue = queue or self.source
        for body in bodies:
            send(self.sqs, queue, body, **options)
            assert receive_one(self.sqs, queue)["Body"] == body
            assert receive(self.sqs, queue) == []

    def fill(self, count):
        """Sends messages straight to the dead-letter queue."""
        for first in range(0, count, 10):
            numbers = range(first, min(first + 10, count))
            entries = [{"Id": str(number), "MessageBody": str(number)} for number in numbers]
            assert "Failed" not in self.sqs.send_message_batch(QueueUrl=self.dead, Entries=entries)

    def start(self, to=None, rate=None, source=None):
        options = {}
        if to is not None:
            options["DestinationArn"] = self.arn(to)
        if rate is not None:
            options["MaxNumberOfMessagesPerSecond"] = rate
        source = self.arn(source or self.dead)
        return self.sqs.start_message_move_task(SourceArn=source, **options)["TaskHandle"]

    def tasks(self, limit=10, source=None):
        answer = self.sqs.list_message_move_tasks(SourceArn=self.arn(source or self.dead), MaxResults=limit)
        return answer.get("Results", [])

    def latest(self):
        return self.tasks(limit=1)[0]

    def ended(self):
        """The latest task, once it has ended."""
        return eventually(lambda: next((task for task in self.tasks(1) if task["Status"] != "RUNNING"), None))

    def drain(self, queue):
        """The bodies of all messages of a queue, which are deleted."""
        found = []
        while messages := receive(self.sqs, queue, MaxNumberOfMessages=10, VisibilityTimeout=30):
            found += bodies(messages)
            for message in messages:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def queues(sqs):
    return Queues(sqs)


@pytest.fixture
def fifo(sqs):
    return Queues(sqs, FifoQueue="true")


# What arrives, and where


def test_messages_go_back_to_their_queue_as_new_ones(sqs, queues):
    queues.kill("hello", MessageAttributes={"color": text("blue")})
    old = receive_one(sqs, queues.dead)
    time.sleep(0.01)
    queues.start()
    task = queues.ended()
    assert task["Status"] == "COMPLETED"
    assert counters(sqs, queues.dead) == (0, 0, 0)
    new = receive_one(sqs, queues.source)
    for member in ("Body", "MD5OfBody", "MessageAttributes", "MD5OfMessageAttributes"):
        assert new[member] == old[member]
    assert new["MessageId"] != old["MessageId"]
    assert int(new["Attributes"]["SentTimestamp"]) > int(old["Attributes"]["SentTimestamp"])
    assert new["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in new["Attributes"]


def test_one_task_serves_several_sources(sqs, queues):
    second = queues.make(to=queues.dead)
    queues.kill("1", "2")
    queues.kill("a", queue=second)
    queues.start()
    assert queues.ended()["ApproximateNumberOfMessagesMoved"] == 3
    assert queues.drain(queues.source) == ["1", "2"]
    assert queues.drain(second) == ["a"]


def test_with_a_destination_all_go_there_oldest_first(sqs, queues):
    queues.kill("1", "2")
    send(sqs, queues.dead, "3")
    queues.start(to=queues.other)
    task = queues.ended()
    assert task["DestinationArn"] == queues.arn(queues.other)
    assert queues.drain(queues.other) == ["1", "2", "3"]
    assert counters(sqs, queues.source) == (0, 0, 0)


def test_a_message_that_arrives_ends_a_long_poll(sqs, daemon, queues):
    found = []
    poll = threading.Thread(
        target=lambda: found.extend(receive(boto_client(daemon), queues.other, WaitTimeSeconds=20))
    )
    poll.start()
    time.sleep(0.2)
    queues.fill(1)
    queues.start(to=queues.other)
    poll.join(10)
    assert bodies(found) == ["0"]


def test_fifo_messages_keep_group_and_order_and_get_new_numbers(sqs, fifo):
    for body in ("a1", "b1", "a2", "b2"):
        group = body[0]
        sent = send(sqs, fifo.dead, body, MessageGroupId=group, MessageDeduplicationId=body)
    fifo.start(to=fifo.other)
    assert fifo.ended()["ApproximateNumberOfMessagesMoved"] == 4
    messages = []
    while found := receive(sqs, fifo.other, MaxNumberOfMessages=10, VisibilityTimeout=30):
        messages += found
    groups = {group: [m for m in messages if m["Attributes"]["MessageGroupId"] == group] for group in "ab"}
    assert {group: bodies(found) for group, found in groups.items()} == {"a": ["a1", "a2"], "b": ["b1", "b2"]}
    for found in groups.values():
        numbers = [m["Attributes"]["SequenceNumber"] for m in found]
        assert numbers == sorted(numbers)
        assert all(number > sent["SequenceNumber"] for number in numbers)


def test_dead_fifo_messages_go_back_though_their_ids_are_still_remembered(sqs, fifo):
    fifo.kill("hello", MessageGroupId="g", MessageDeduplicationId="id")
    fifo.start()
    assert fifo.ended()["Status"] == "COMPLETED"
    message = receive_one(sqs, fifo.source)
    assert message["Body"] == "hello"
    assert message["Attributes"]["MessageGroupId"] == "g"


def test_fifo_messages_with_one_content_are_not_swallowed(sqs):
    queues = Queues(sqs, FifoQueue="true", ContentBasedDeduplication="true")
    send(sqs, queues.dead, "same", MessageGroupId="g")
    send(sqs, queues.other, "same", MessageGroupId="g")
    queues.start(to=queues.other)
    queues.ended()
    assert counters(sqs, queues.other) == (2, 0, 0)


# Hidden messages


def test_messages_in_flight_go_once_they_are_visible(sqs, queues):
    queues.fill(2)
    receive_one(sqs, queues.dead, VisibilityTimeout=1)
    queues.start(to=queues.other)
    eventually(lambda: counters(sqs, queues.other) == (1, 0, 0))
    task = queues.latest()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("RUNNING", 1)
    task = queues.ended()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)
    assert queues.drain(queues.other) == ["1", "0"]


def test_a_task_ends_when_the_last_message_in_flight_is_deleted(sqs, queues):
    queues.fill(1)
    message = receive_one(sqs, queues.dead, VisibilityTimeout=100)
    queues.start(to=queues.other)
    time.sleep(0.1)
    assert queues.latest()["Status"] == "RUNNING"
    sqs.delete_message(QueueUrl=queues.dead, ReceiptHandle=message["ReceiptHandle"])
    task = queues.ended()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 0)


# Pace


def test_four_messages_at_one_a_second_take_three_seconds(sqs, queues):
    queues.fill(4)
    started = time.monotonic()
    queues.start(to=queues.other, rate=1)
    eventually(lambda: counters(sqs, queues.other) == (1, 0, 0), seconds=0.9)
    assert queues.ended()["Status"] == "COMPLETED"
    assert 3 <= time.monotonic() - started < 4


def test_a_high_rate_is_kept_and_reached(sqs, queues):
    queues.fill(300)
    started = time.monotonic()
    queues.start(to=queues.other, rate=200)
    assert queues.ended()["ApproximateNumberOfMessagesMoved"] == 300
    assert 299 / 200 <= time.monotonic() - started < 3


def test_without_a_rate_a_thousand_messages_are_gone_soon(sqs, queues):
    queues.fill(1000)
    queues.start(to=queues.other)
    assert queues.ended()["ApproximateNumberOfMessagesMoved"] == 1000
    assert counters(sqs, queues.other) == (1000, 0, 0)


# List


def test_a_running_task_is_listed_with_its_handle(sqs, queues):
    queues.fill(3)
    before = int(time.time() * 1000) - 1000
    handle = queues.start(to=queues.other, rate=1)
    eventually(lambda: counters(sqs, queues.other) == (1, 0, 0))
    task = queues.latest()
    assert before <= task.pop("StartedTimestamp") <= time.time() * 1000 + 1000
    assert task == {
        "TaskHandle": handle,
        "Status": "RUNNING",
        "SourceArn": queues.arn(queues.dead),
        "DestinationArn": queues.arn(queues.other),
        "MaxNumberOfMessagesPerSecond": 1,
        "ApproximateNumberOfMessagesMoved": 1,
        "ApproximateNumberOfMessagesToMove": 3,
    }
    sqs.cancel_message_move_task(TaskHandle=handle)


def test_an_ended_task_has_no_handle_and_only_what_was_given(sqs, queues):
    queues.kill("1", "2")
    queues.start()
    task = queues.ended()
    del task["StartedTimestamp"]
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": queues.arn(queues.dead),
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
    }


def test_the_handle_is_the_base64_of_a_json_object(sqs, queues):
    handle = json.loads(base64.b64decode(queues.start(), validate=True))
    assert list(handle) == ["taskId", "sourceArn"]
    assert handle["sourceArn"] == queues.arn(queues.dead)
    assert len(handle["taskId"]) == 36


def test_the_newest_task_comes_first_and_one_by_default(sqs, queues):
    queues.start()
    queues.ended()
    queues.start(to=queues.other)
    queues.ended()
    assert ["DestinationArn" in task for task in queues.tasks()] == [True, False]
    [latest] = sqs.list_message_move_tasks(SourceArn=queues.arn(queues.dead))["Results"]
    assert "DestinationArn" in latest


def test_a_queue_without_tasks_has_no_list(json_client, queues):
    answer = json_client.call("ListMessageMoveTasks", {"SourceArn": queues.arn(queues.dead)})
    assert (answer.status, answer.body) == (200, b"{}")


def test_the_query_protocol_has_it_all(json_client, queues):
    def call(action, **parameters):
        query = "&".join(f"{name}={value}" for name, value in {"Action": action, **parameters}.items())
        return json_client.request("GET", "/?" + query).body.decode()

    queues.fill(3)
    source, destination = queues.arn(queues.dead), queues.arn(queues.other)
    started = call(
        "StartMessageMoveTask", SourceArn=source, DestinationArn=destination, MaxNumberOfMessagesPerSecond=1
    )
    handle = started.split("<TaskHandle>")[1].split("<")[0]
    listed = call("ListMessageMoveTasks", SourceArn=source, MaxResults=10)
    assert f"<ListMessageMoveTasksResultEntry><TaskHandle>{handle}</TaskHandle><Status>RUNNING</Status>" in listed
    assert "<MaxNumberOfMessagesPerSecond>1</MaxNumberOfMessagesPerSecond>" in listed
    cancelled = call("CancelMessageMoveTask", TaskHandle=handle.replace("+", "%2B").replace("=", "%3D"))
    assert "<CancelMessageMoveTaskResult><ApproximateNumberOfMessagesMoved>" in cancelled
    assert "<Status>CANCELLED</Status>" in call("ListMessageMoveTasks", SourceArn=source)


# Cancel and other ends


def test_a_cancelled_task_stops_at_once(sqs, queues):
    queues.fill(10)
    handle = queues.start(to=queues.other, rate=20)
    eventually(lambda: counters(sqs, queues.other)[0] >= 2)
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    task = queues.latest()
    assert (task["Status"], task["ApproximateNumberOfMessagesToMove"]) == ("CANCELLED", 10)
    assert "TaskHandle" not in task
    time.sleep(0.3)
    assert counters(sqs, queues.other) == (moved, 0, 0)
    assert counters(sqs, queues.dead) == (10 - moved, 0, 0)
    queues.start(to=queues.other)
    queues.ended()
    assert counters(sqs, queues.other) == (10, 0, 0)


def test_a_task_fails_when_its_destination_disappears(sqs, queues):
    queues.fill(5)
    queues.start(to=queues.other, rate=2)
    eventually(lambda: queues.latest()["ApproximateNumberOfMessagesMoved"] >= 1)
    sqs.delete_queue(QueueUrl=queues.other)
    task = queues.ended()
    assert task["Status"] == "FAILED"
    assert task["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert counters(sqs, queues.dead)[0] == 5 - task["ApproximateNumberOfMessagesMoved"]


def test_a_task_fails_when_a_source_has_disappeared(sqs, queues):
    second = queues.make(to=queues.dead)
    queues.kill("1")
    queues.kill("2", queue=second)
    sqs.delete_queue(QueueUrl=second)
    queues.start()
    task = queues.ended()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("FAILED", 1)
    assert task["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_task_fails_at_a_message_that_came_from_nowhere(sqs, queues):
    queues.fill(1)
    queues.start()
    task = queues.ended()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert counters(sqs, queues.dead) == (1, 0, 0)


def test_a_purge_ends_the_task(sqs, queues):
    queues.fill(10)
    queues.start(to=queues.other, rate=1)
    sqs.purge_queue(QueueUrl=queues.dead)
    assert queues.ended()["Status"] == "COMPLETED"


def test_the_tasks_of_a_deleted_queue_are_gone(sqs, queues):
    queues.fill(10)
    handle = queues.start(to=queues.other, rate=1)
    sqs.delete_queue(QueueUrl=queues.dead)
    message = "The resource that you specified for the SourceArn parameter doesn't exist."
    with refused("ResourceNotFoundException", message):
        queues.tasks()
    with refused("ResourceNotFoundException", message):
        sqs.cancel_message_move_task(TaskHandle=handle)


# Restarts


@pytest.fixture
def private_queues(private_daemon):
    return Queues(boto_client(private_daemon))


@pytest.mark.parametrize("end", ["restart", "kill_and_restart"])
def test_a_task_goes_on_after_a_restart(private_daemon, private_queues, end):
    queues = private_queues
    queues.fill(8)
    handle = queues.start(to=queues.other, rate=4)
    eventually(lambda: queues.latest()["ApproximateNumberOfMessagesMoved"] >= 3)
    getattr(private_daemon, end)()
    task = queues.latest()
    if task["Status"] == "RUNNING":
        assert task["TaskHandle"] == handle
    task = queues.ended()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 8)
    assert queues.drain(queues.other) == [str(number) for number in range(8)]
    assert counters(queues.sqs, queues.dead) == (0, 0, 0)


def test_killed_again_and_again_a_task_neither_loses_nor_repeats_a_message(private_daemon, private_queues):
    queues = private_queues
    queues.fill(2000)
    queues.start(to=queues.other)
    for pause in (0, 0.005, 0.01, 0.02, 0.03):
        time.sleep(pause)
        private_daemon.kill_and_restart()
        has_ended = queues.latest()["Status"] != "RUNNING"
        dead, moved = counters(queues.sqs, queues.dead)[0], counters(queues.sqs, queues.other)[0]
        if has_ended:
            assert (dead, moved) == (0, 2000)
    assert queues.ended()["ApproximateNumberOfMessagesMoved"] == 2000
    assert queues.drain(queues.other) == [str(number) for number in range(2000)]


def test_what_has_ended_stays_listed(private_daemon, private_queues):
    queues = private_queues
    queues.fill(3)
    queues.start()
    queues.ended()
    handle = queues.start(to=queues.other, rate=1)
    queues.sqs.cancel_message_move_task(TaskHandle=handle)
    before = queues.tasks()
    assert [task["Status"] for task in before] == ["CANCELLED", "FAILED"]
    private_daemon.kill_and_restart()
    assert queues.tasks() == before


def test_the_latest_ten_are_kept(private_daemon, private_queues):
    queues = private_queues
    started = []
    for _ in range(12):
        queues.start()
        started.append(queues.ended()["StartedTimestamp"])
    private_daemon.restart()
    assert [task["StartedTimestamp"] for task in queues.tasks()] == started[:1:-1]


# Refusals


def test_the_source_must_be_a_dead_letter_queue(sqs, queues):
    message = "Source queue must be configured as a Dead Letter Queue."
    with refused("InvalidParameterValueException", message):
        queues.start(source=queues.source)
    sqs.set_queue_attributes(QueueUrl=queues.source, Attributes={"RedrivePolicy": ""})
    with refused("InvalidParameterValueException", message):
        queues.start()


def test_source_and_destination_must_exist(sqs, queues):
    none = ARN + "no-such-queue"
    message = "The resource that you specified for the {} parameter doesn't exist."
    with refused("ResourceNotFoundException", message.format("SourceArn")):
        sqs.start_message_move_task(SourceArn=none)
    with refused("ResourceNotFoundException", message.format("SourceArn")):
        sqs.list_message_move_tasks(SourceArn=none)
    dead, other = queues.arn(queues.dead), queues.arn(queues.other)
    elsewhere = [other.replace(REGION, "eu-west-1"), other.replace(ACCOUNT, "111111111111")]
    for destination in [none, *elsewhere]:
        with refused("ResourceNotFoundException", message.format("DestinationArn")):
            sqs.start_message_move_task(SourceArn=dead, DestinationArn=destination)
    assert queues.tasks() == []


def test_one_task_at_a_time(queues):
    queues.fill(5)
    queues.start(to=queues.other, rate=1)
    with refused(
        "InvalidParameterValueException",
        "There is already a task running. "
        "Only one active task is allowed for a source queue arn at a given time.",
    ):
        queues.start()


@pytest.mark.parametrize("arn", ["q", "arn:aws:sqs:us-east-1:000000000000", "arn:aws:sns:us-east-1:000000000000:q"])
def test_arns_must_be_well_formed(sqs, queues, arn):
    message = (
        "You must use this format to specify the {}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
    )
    with refused("InvalidParameterValueException", message.format("SourceArn")):
        sqs.start_message_move_task(SourceArn=arn)
    with refused("InvalidParameterValueException", message.format("SourceArn")):
        sqs.list_message_move_tasks(SourceArn=arn)
    with refused("InvalidParameterValueException", message.format("DestinationArn")):
        sqs.start_message_move_task(SourceArn=queues.arn(queues.dead), DestinationArn=arn)


def test_a_queue_is_no_destination_for_itself(queues):
    with refused(
        "InvalidParameterValueException", "Source queue arn and destination queue arn cannot be the same."
    ):
        queues.start(to=queues.dead)


def test_the_types_must_match(queues, fifo):
    message = "The source queue and destination queue must be of the same queue type."
    for source, destination in [(queues, fifo), (fifo, queues)]:
        with refused("InvalidParameterValueException", message):
            source.start(to=destination.other)


@pytest.mark.parametrize("rate", [-1, 0, 501])
def test_the_rate_lies_between_1_and_500(queues, rate):
    with refused(
        "InvalidParameterValueException",
        "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
        "Reason: You must enter a number that's between 1 and 500.",
    ):
        queues.start(to=queues.other, rate=rate)


@pytest.mark.parametrize("limit", [-1, 0, 11])
def test_1_to_10_tasks_are_listed(queues, limit):
    with refused(
        "InvalidParameterValueException",
        "Value for parameter MaxResults is invalid. Reason: You must enter a number that's between 1 and 10.",
    ):
        queues.tasks(limit)


def encoded(value):
    return base64.b64encode(value.encode()).decode()


@pytest.mark.parametrize("handle", ["!", "abcd", encoded("{}"), encoded("[]"), encoded('{"taskId":"1"}')])
def test_a_malformed_handle_is_refused(sqs, handle):
    with refused("InvalidParameterValueException", "Value for parameter TaskHandle is invalid."):
        sqs.cancel_message_move_task(TaskHandle=handle)


def test_an_unknown_task_cannot_be_cancelled(sqs, queues):
    def handle(source):
        return encoded(json.dumps({"taskId": "11111111-2222-4333-8444-555555555555", "sourceArn": source}))

    with refused("ResourceNotFoundException", "Task does not exist."):
        sqs.cancel_message_move_task(TaskHandle=handle(queues.arn(queues.dead)))
    with refused(
        "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."
    ):
        sqs.cancel_message_move_task(TaskHandle=handle(ARN + "no-such-queue"))


def test_only_active_tasks_can_be_cancelled(sqs, queues):
    handle = queues.start()
    queues.ended()
    with refused("InvalidParameterValueException", "Only active tasks can be cancelled."):
        sqs.cancel_message_move_task(TaskHandle=handle)


@pytest.mark.parametrize(
    "action, parameter",
    [
        ("StartMessageMoveTask", "SourceArn"),
        ("ListMessageMoveTasks", "SourceArn"),
        ("CancelMessageMoveTask", "TaskHandle"),
    ],
)
def test_what_is_needed_must_be_there(json_client, action, parameter):
    for parameters in ({}, {parameter: ""}):
        answer = json_client.call(action, parameters)
        assert (answer.status, answer.headers["x-amzn-query-error"]) == (400, "MissingParameter;Sender")
        assert answer.json["message"] == f"The request must contain the parameter {parameter}."
