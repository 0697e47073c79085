"""After a kill -9 every kind of state is as it was: FIFO order, locks and ids, turns, moves, policies, waiting periods.

What a standard queue's messages are after a restart is in test_durability.py.
"""

import json

import pytest

from checks import attribute, bodies, counters, eventually, receive, receive_one, refused, send
from clients import boto_client
from conftest import strings, unique_name
from daemon import Daemon


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """The daemon that is killed by the tests of this file, one after the other."""
    daemon = Daemon(tmp_path_factory.mktemp("mortal") / "holdfast.db").start()
    yield daemon
    daemon.finish()


@pytest.fixture
def kill(mortal):
    """Kills the daemon and starts it again on the same file and port."""
    return mortal.kill_and_restart


@pytest.fixture(scope="module")
def client(mortal):
    return boto_client(mortal)


@pytest.fixture
def new_queue(client):
    def make(**attributes):
        return client.create_queue(QueueName=unique_name(), Attributes=strings(attributes))["QueueUrl"]

    return make


@pytest.fixture
def new_fifo(client):
    def make(**attributes):
        attributes = strings({"FifoQueue": "true", **attributes})
        return client.create_queue(QueueName=unique_name() + ".fifo", Attributes=attributes)["QueueUrl"]

    return make


def put(client, queue, *names, **options):
    """Sends messages named after their groups, g1-m1 to g1, with their names as deduplication ids."""
    return [
        send(client, queue, name, MessageGroupId=name.split("-")[0], MessageDeduplicationId=name, **options)
        for name in names
    ]


def take(client, queue, number=10, **options):
    return bodies(receive(client, queue, MaxNumberOfMessages=number, **options))


def delete(client, queue, *messages):
    for message in messages:
        client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def hide(client, queue, message, seconds):
    client.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
    )


def redrive(client, target):
    return json.dumps({"deadLetterTargetArn": attribute(client, target, "QueueArn"), "maxReceiveCount": 1})


# Order and locks


def test_groups_keep_their_order_and_their_turns(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g1-m1", "g2-m1", "g1-m2", "g3-m1", "g2-m2")
    # The first group has had its turn.
    assert take(client, queue, 2, VisibilityTimeout=0) == ["g1-m1", "g1-m2"]
    kill()
    put(client, queue, "g3-m2", "g1-m3")
    assert take(client, queue) == ["g2-m1", "g2-m2", "g3-m1", "g3-m2", "g1-m1", "g1-m2", "g1-m3"]


def test_groups_stay_locked_until_their_messages_are_done(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g1-m1", "g1-m2", "g1-m3", "g2-m1")
    first, second = receive(client, queue, MaxNumberOfMessages=2)
    kill()
    put(client, queue, "g1-m4")
    assert take(client, queue) == ["g2-m1"]
    delete(client, queue, first)
    kill()
    assert take(client, queue) == []
    delete(client, queue, second)
    assert take(client, queue) == ["g1-m3", "g1-m4"]


def test_what_stands_before_a_message_in_flight_is_deliverable(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g-m1", "g-m2", "g-m3", "g-m4")
    first, second, third = receive(client, queue, MaxNumberOfMessages=3)
    hide(client, queue, second, 100)
    hide(client, queue, first, 0)
    hide(client, queue, third, 0)
    kill()
    assert counters(client, queue) == (3, 1, 0)
    assert take(client, queue) == ["g-m1"]


def test_a_timeout_that_ends_frees_the_group_in_its_order(client, new_fifo, kill):
    queue = new_fifo(VisibilityTimeout=1)
    put(client, queue, "g-m1", "g-m2", "g-m3")
    handle = receive(client, queue, MaxNumberOfMessages=2)[0]["ReceiptHandle"]
    kill()
    eventually(lambda: counters(client, queue) == (3, 0, 0))
    with refused("InvalidParameterValueException"):
        client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    again = receive(client, queue, MaxNumberOfMessages=10)
    assert bodies(again) == ["g-m1", "g-m2", "g-m3"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in again] == ["2", "2", "1"]


def test_a_timeout_that_ends_wakes_a_long_poll(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g-m1")
    receive_one(client, queue, VisibilityTimeout=1)
    kill()
    assert take(client, queue, WaitTimeSeconds=5) == ["g-m1"]


def test_receive_counts_and_numbers_of_a_message_go_on(client, new_fifo, kill):
    queue = new_fifo(VisibilityTimeout=0)
    [sent] = put(client, queue, "g-m1")
    first = receive_one(client, queue)
    kill()
    second = receive_one(client, queue)
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    for name in ("ApproximateFirstReceiveTimestamp", "SentTimestamp", "SequenceNumber", "MessageDeduplicationId"):
        assert second["Attributes"][name] == first["Attributes"][name]
    assert second["MessageId"] == sent["MessageId"]


def test_sequence_numbers_rise_through_kills(client, new_fifo, kill):
    queue = new_fifo()
    numbers = []
    for turn in range(3):
        sent = put(client, queue, *[f"g{group}-{turn}" for group in range(3)])
        numbers += [answer["SequenceNumber"] for answer in sent]
        kill()
    assert sorted(set(numbers)) == numbers
    assert {len(number) for number in numbers} == {20}


def test_deleted_messages_stay_deleted_and_free_their_group(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g-m1", "g-m2", "g-m3")
    delete(client, queue, *receive(client, queue, MaxNumberOfMessages=2))
    kill()
    assert counters(client, queue) == (1, 0, 0)
    assert take(client, queue) == ["g-m3"]


def test_delays_of_a_fifo_queue_go_on_and_follow_its_changes(client, new_fifo, kill):
    queue = new_fifo(DelaySeconds=900)
    put(client, queue, "g-m1", "g-m2")
    kill()
    assert counters(client, queue) == (0, 0, 2)
    client.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "0"})
    kill()
    assert take(client, queue) == ["g-m1", "g-m2"]


def test_an_attempt_can_be_repeated_or_refused_as_before(client, new_fifo, kill):
    queue = new_fifo()
    put(client, queue, "g1-m1", "g1-m2")

    def attempt():
        messages = receive(client, queue, MaxNumberOfMessages=10, ReceiveRequestAttemptId="attempt")
        return [message["ReceiptHandle"] for message in messages]

    handles = attempt()
    kill()
    assert attempt() == handles
    client.delete_message(QueueUrl=queue, ReceiptHandle=handles[0])
    kill()
    with refused("InvalidParameterValueException"):
        attempt()


# Deduplication


def test_ids_are_remembered(client, new_fifo, kill):
    queue = new_fifo()
    first, second = put(client, queue, "g1-m1", "g2-m1")
    delete(client, queue, receive_one(client, queue))
    kill()
    for name, original in [("g1-m1", first), ("g2-m1", second)]:
        [again] = put(client, queue, name)
        assert (again["MessageId"], again["SequenceNumber"]) == (original["MessageId"], original["SequenceNumber"])
    assert counters(client, queue) == (1, 0, 0)


def test_contents_are_remembered(client, new_fifo, kill):
    queue = new_fifo(ContentBasedDeduplication="true")
    first = send(client, queue, "hello", MessageGroupId="g")
    kill()
    assert send(client, queue, "hello", MessageGroupId="g")["MessageId"] == first["MessageId"]
    assert take(client, queue) == ["hello"]


def test_ids_are_remembered_for_their_groups(client, new_fifo, kill):
    queue = new_fifo(DeduplicationScope="messageGroup")
    first = send(client, queue, "hello", MessageGroupId="g1", MessageDeduplicationId="d")
    kill()
    same = send(client, queue, "hello", MessageGroupId="g1", MessageDeduplicationId="d")
    other = send(client, queue, "hello", MessageGroupId="g2", MessageDeduplicationId="d")
    assert same["MessageId"] == first["MessageId"] != other["MessageId"]
    assert counters(client, queue) == (2, 0, 0)


def test_a_purge_has_forgotten_ids_and_locks_for_good(client, new_fifo, kill):
    queue = new_fifo()
    [before] = put(client, queue, "g-m1")
    handle = receive_one(client, queue)["ReceiptHandle"]
    put(client, queue, "g-m2")
    client.purge_queue(QueueUrl=queue)
    kill()
    assert counters(client, queue) == (0, 0, 0)
    [after] = put(client, queue, "g-m1")
    assert after["MessageId"] != before["MessageId"]
    assert after["SequenceNumber"] > before["SequenceNumber"]
    client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    kill()
    assert put(client, queue, "g-m1")[0]["MessageId"] == after["MessageId"]
    assert take(client, queue) == ["g-m1"]


# Moves


def test_what_was_moved_stays_moved_and_in_order(client, new_fifo, kill):
    dead = new_fifo()
    source = new_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(client, dead))
    sent = put(client, source, "g-m1", "g-m2")
    assert take(client, source) == ["g-m1", "g-m2"]
    put(client, source, "g-m3")
    assert take(client, source, VisibilityTimeout=100) == ["g-m3"]
    kill()
    assert (counters(client, source), counters(client, dead)) == ((0, 1, 0), (2, 0, 0))
    moved = receive(client, dead, MaxNumberOfMessages=10)
    assert bodies(moved) == ["g-m1", "g-m2"]
    for message, original in zip(moved, sent):
        attributes = message["Attributes"]
        assert message["MessageId"] == attributes["MessageDeduplicationId"] == original["MessageId"]
        assert attributes["SequenceNumber"] > sent[-1]["SequenceNumber"]
        assert attributes["ApproximateReceiveCount"] == "2"
        assert attributes["DeadLetterQueueSourceArn"] == attribute(client, source, "QueueArn")


def test_an_exhausted_message_that_nobody_receives_is_still_found(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", ["--redrive-grace", "1000"]).start()
    try:
        client = boto_client(daemon)
        dead = client.create_queue(QueueName="dead")["QueueUrl"]
        attributes = {"VisibilityTimeout": "0", "RedrivePolicy": redrive(client, dead)}
        source = client.create_queue(QueueName="source", Attributes=attributes)["QueueUrl"]
        send(client, source, "hello")
        receive_one(client, source)
        daemon.options = ["--redrive-grace", "0"]
        daemon.kill_and_restart()
        eventually(lambda: counters(client, dead) == (1, 0, 0))
        assert counters(client, source) == (0, 0, 0)
    finally:
        daemon.finish()


def test_a_running_task_goes_on_in_the_order_of_the_groups(client, new_fifo, kill):
    dead, other = new_fifo(), new_fifo()
    new_fifo(RedrivePolicy=redrive(client, dead))
    put(client, dead, "g1-m1", "g2-m1", "g1-m2", "g2-m2")
    arns = [attribute(client, queue, "QueueArn") for queue in (dead, other)]
    client.start_message_move_task(SourceArn=arns[0], DestinationArn=arns[1], MaxNumberOfMessagesPerSecond=2)

    def task():
        return client.list_message_move_tasks(SourceArn=arns[0])["Results"][0]

    eventually(lambda: task()["ApproximateNumberOfMessagesMoved"] >= 1)
    kill()
    assert task()["Status"] == "RUNNING"
    with refused("InvalidParameterValueException"):
        client.start_message_move_task(SourceArn=arns[0])
    eventually(lambda: task()["Status"] == "COMPLETED")
    assert task()["ApproximateNumberOfMessagesMoved"] == 4
    moved = take(client, other)
    assert [name for name in moved if name.startswith("g1")] == ["g1-m1", "g1-m2"]
    assert [name for name in moved if name.startswith("g2")] == ["g2-m1", "g2-m2"]
    assert counters(client, dead) == (0, 0, 0)


# Fair queues


def test_a_noisy_group_is_noisy_still(client, new_queue, kill):
    queue = new_queue()
    for _ in range(5):
        entries = [{"Id": str(number), "MessageBody": "noisy", "MessageGroupId": "noisy"} for number in range(10)]
        client.send_message_batch(QueueUrl=queue, Entries=entries)
    for _ in range(4):
        receive(client, queue, MaxNumberOfMessages=10)
    kill()
    send(client, queue, "quiet", MessageGroupId="quiet")
    kill()
    assert take(client, queue) == ["quiet", *["noisy"] * 9]


# Queues


def test_attributes_tags_and_policies_are_as_they_were(client, new_queue, new_fifo, kill):
    fifo = new_fifo(
        ContentBasedDeduplication="true", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId"
    )
    queue = new_queue(KmsMasterKeyId="alias/key", KmsDataKeyReusePeriodSeconds=600, MaximumMessageSize=2048)
    denied = new_queue(RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    for label in ("one", "two", "three"):
        client.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=["111111111111"], Actions=["SendMessage"])
    client.remove_permission(QueueUrl=queue, Label="two")
    client.tag_queue(QueueUrl=queue, Tags={"team": "blue", "stage": "", "gone": "x"})
    client.untag_queue(QueueUrl=queue, TagKeys=["gone"])

    def everything():
        attributes = [
            client.get_queue_attributes(QueueUrl=each, AttributeNames=["All"])["Attributes"]
            for each in (fifo, queue, denied)
        ]
        return attributes, client.list_queue_tags(QueueUrl=queue)["Tags"]

    before = everything()
    kill()
    assert everything() == before
    statements = json.loads(before[0][1]["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["one", "three"]
    assert before[1] == {"team": "blue", "stage": ""}
    client.add_permission(QueueUrl=queue, Label="two", AWSAccountIds=["111111111111"], Actions=["*"])
    with refused("InvalidParameterValueException"):
        client.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111111111111"], Actions=["*"])
    with refused("InvalidParameterValueException"):
        client.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": redrive(client, denied)})


def test_what_was_taken_away_stays_away(client, new_queue, kill):
    queue = new_queue(KmsMasterKeyId="alias/key", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    client.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": redrive(client, new_queue())})
    client.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111111111111"], Actions=["*"])
    client.tag_queue(QueueUrl=queue, Tags={"team": "blue"})
    nothing = {"KmsMasterKeyId": "", "RedriveAllowPolicy": "", "RedrivePolicy": ""}
    client.set_queue_attributes(QueueUrl=queue, Attributes=nothing)
    client.remove_permission(QueueUrl=queue, Label="one")
    client.untag_queue(QueueUrl=queue, TagKeys=["team"])
    kill()
    for name in ("KmsMasterKeyId", "RedriveAllowPolicy", "RedrivePolicy", "Policy"):
        assert attribute(client, queue, name) is None
    assert attribute(client, queue, "SqsManagedSseEnabled") == "false"
    assert "Tags" not in client.list_queue_tags(QueueUrl=queue)


# The waiting periods of a minute


@pytest.fixture
def strict(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", ["--limits", "strict"]).start()
    yield daemon
    daemon.finish()


def test_a_deleted_name_and_a_purged_queue_wait_through_restarts_under_strict_limits(strict):
    client = boto_client(strict)
    deleted, purged = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("deleted", "purged")]
    client.delete_queue(QueueUrl=deleted)
    client.purge_queue(QueueUrl=purged)
    for _ in range(2):
        strict.kill_and_restart()
        with refused("QueueDeletedRecently"):
            client.create_queue(QueueName="deleted")
        with refused("PurgeQueueInProgress"):
            client.purge_queue(QueueUrl=purged)
    assert client.list_queues()["QueueUrls"] == [purged]
    # The limits are those of the start, not those of the time of the delete or the purge.
    strict.options = ["--limits", "relaxed"]
    strict.kill_and_restart()
    assert client.create_queue(QueueName="deleted")["QueueUrl"] == deleted
    client.purge_queue(QueueUrl=purged)
    client.delete_queue(QueueUrl=deleted)
    strict.options = ["--limits", "strict"]
    strict.kill_and_restart()
    with refused("QueueDeletedRecently"):
        client.create_queue(QueueName="deleted")
    with refused("PurgeQueueInProgress"):
        client.purge_queue(QueueUrl=purged)


def test_a_name_used_again_at_once_under_relaxed_limits_brings_nothing_back(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", ["--limits", "relaxed"]).start()
    try:
        client = boto_client(daemon)
        handles, ids = [], []
        for _ in range(3):
            queue = client.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
            for handle in handles:
                with refused("ReceiptHandleIsInvalid"):
                    client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
            ids += [answer["MessageId"] for answer in put(client, queue, "g-m1", "g-m2")]
            handles.append(receive_one(client, queue)["ReceiptHandle"])
            for _ in range(2):
                client.purge_queue(QueueUrl=queue)
                ids += [answer["MessageId"] for answer in put(client, queue, "g-m1", "g-m2")]
                assert counters(client, queue) == (2, 0, 0)
            client.tag_queue(QueueUrl=queue, Tags={"k": "v"})
            client.delete_queue(QueueUrl=queue)
            daemon.kill_and_restart()
        assert len(ids) == len(set(ids))
        queue = client.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        assert counters(client, queue) == (0, 0, 0)
        assert "Tags" not in client.list_queue_tags(QueueUrl=queue)
    finally:
        daemon.finish()
