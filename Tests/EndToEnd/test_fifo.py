"""FIFO queues: identifiers, deduplication, sequence numbers, group locks, turns, delays, handles, attempts, redrive."""

import hashlib
import itertools
import json

import pytest

from checks import attribute, bodies, counters, eventually, md5, receive, receive_one, refused, send, text
from clients import RawConnection, boto_client, request_bytes
from conftest import strings, unique_name
from daemon import Daemon

deduplication_ids = itertools.count(1)

NO_GROUP = "The request must contain the parameter MessageGroupId."
NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)
WRONG_TYPE = "The request include parameter that is not valid for this queue type."


@pytest.fixture
def make_fifo(sqs):
    """Makes FIFO queues on the shared daemon: make_fifo(VisibilityTimeout=1) answers a URL."""

    def make(**attributes):
        attributes = strings({"FifoQueue": "true", **attributes})
        return sqs.create_queue(QueueName=unique_name() + ".fifo", Attributes=attributes)["QueueUrl"]

    return make


@pytest.fixture
def fifo(make_fifo):
    return make_fifo()


@pytest.fixture
def by_content(make_fifo):
    return make_fifo(ContentBasedDeduplication="true")


def put(sqs, queue, *names):
    """Sends messages named after their groups: g1-m1 goes to group g1. Answers their sequence numbers."""
    return [
        send(sqs, queue, name, MessageGroupId=name.split("-")[0], MessageDeduplicationId=fresh_id())["SequenceNumber"]
        for name in names
    ]


def take(sqs, queue, number=10, **options):
    """Receives up to ten messages; their bodies."""
    return bodies(receive(sqs, queue, MaxNumberOfMessages=number, **options))


def fresh_id():
    return f"d{next(deduplication_ids)}"


def delete(sqs, queue, *messages):
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def hide(sqs, queue, message, seconds):
    sqs.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
    )


def invalid(value, parameter, reason):
    message = f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    return refused("InvalidParameterValueException", message)


# Identifiers


def test_a_message_needs_a_group(sqs, by_content):
    with refused("MissingRequiredParameterException", NO_GROUP):
        send(sqs, by_content, "hello")
    with refused("MissingRequiredParameterException", NO_GROUP):
        send(sqs, by_content, "hello", MessageDeduplicationId="d")


def test_a_message_needs_a_deduplication_id_unless_its_content_serves(sqs, fifo, by_content):
    with refused("InvalidParameterValueException", NO_DEDUPLICATION):
        send(sqs, fifo, "hello", MessageGroupId="g")
    send(sqs, by_content, "hello", MessageGroupId="g")


def test_of_both_missing_ids_the_group_is_told_first(sqs, fifo):
    with refused("MissingRequiredParameterException", NO_GROUP):
        send(sqs, fifo, "hello")


def test_missing_ids_are_told_before_what_is_wrong_with_the_content(sqs, fifo):
    with refused("MissingRequiredParameterException", NO_GROUP):
        send(sqs, fifo, "\x01")
    with refused("InvalidParameterValueException", NO_DEDUPLICATION):
        send(sqs, fifo, "\x01", MessageGroupId="g")
    with refused("InvalidMessageContents"):
        send(sqs, fifo, "\x01", MessageGroupId="g", MessageDeduplicationId="d")


@pytest.mark.parametrize(
    "missing, message", [("MessageGroupId", NO_GROUP), ("MessageDeduplicationId", NO_DEDUPLICATION)]
)
def test_one_entry_without_an_id_fails_the_whole_batch(sqs, fifo, missing, message):
    entries = [
        {"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": id} for id in ("a", "b")
    ]
    del entries[1][missing]
    with refused("InvalidParameterValueException", message):
        sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    assert counters(sqs, fifo) == (0, 0, 0)


@pytest.mark.parametrize(
    "missing, message", [("MessageGroupId", NO_GROUP), ("MessageDeduplicationId", NO_DEDUPLICATION)]
)
def test_so_does_an_entry_that_has_another_fault_too(sqs, fifo, missing, message):
    entries = [
        {"Id": id, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": id}
        for id, body in (("a", "hello"), ("b", "\x01"))
    ]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=entries[1:])
    assert [entry["Code"] for entry in answer["Failed"]] == ["InvalidMessageContents"]
    del entries[1][missing]
    with refused("InvalidParameterValueException", message):
        sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    assert counters(sqs, fifo) == (0, 0, 0)


BAD_IDS = ["", "x" * 129, "a b", "é", "tab\t"]
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize("parameter", ["MessageGroupId", "MessageDeduplicationId"])
def test_ids_are_1_to_128_letters_digits_and_punctuation(sqs, fifo, parameter, bad):
    reason = f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    ids = {"MessageGroupId": "g", "MessageDeduplicationId": "d", parameter: bad}
    with invalid(bad, parameter, reason):
        send(sqs, fifo, "hello", **ids)
    entries = [
        {"Id": "bad", "MessageBody": "hello", **ids},
        {"Id": "good", "MessageBody": "hello", "MessageGroupId": "g", "MessageDeduplicationId": "e"},
    ]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert answer["Failed"] == [
        {
            "Id": "bad",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": f"Value {bad} for parameter {parameter} is invalid. Reason: {reason}",
        }
    ]


@pytest.mark.parametrize("good", ["a", "x" * 128, PUNCTUATION])
def test_good_ids_come_back_as_they_were(sqs, fifo, good):
    send(sqs, fifo, "hello", MessageGroupId=good, MessageDeduplicationId=good)
    attributes = receive_one(sqs, fifo)["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == (good, good)


def test_a_standard_queue_takes_no_deduplication_id(sqs, queue):
    with invalid("d", "MessageDeduplicationId", WRONG_TYPE):
        send(sqs, queue, "hello", MessageDeduplicationId="d")
    entries = [{"Id": "a", "MessageBody": "hello", "MessageDeduplicationId": "d"}]
    [failed] = sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Failed"]
    assert failed["Code"] == "InvalidParameterValue"


def test_a_fifo_message_has_its_ids_and_number_as_attributes(sqs, fifo):
    sent = send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    attributes = receive_one(sqs, fifo)["Attributes"]
    assert set(attributes) == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    }
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]


# Deduplication


def test_a_duplicate_is_answered_like_the_first_but_for_the_md5_of_its_own_body(sqs, fifo):
    first = send(sqs, fifo, "one", MessageGroupId="g", MessageDeduplicationId="d")
    second = send(
        sqs, fifo, "two", MessageGroupId="g", MessageDeduplicationId="d", MessageAttributes={"color": text("blue")}
    )
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert (first["MD5OfMessageBody"], second["MD5OfMessageBody"]) == (md5("one"), md5("two"))
    assert take(sqs, fifo) == ["one"]


def test_an_id_is_remembered_after_its_message_was_received_and_deleted(sqs, fifo):
    first = send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    delete(sqs, fifo, receive_one(sqs, fifo))
    again = send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    assert again["MessageId"] == first["MessageId"]
    assert counters(sqs, fifo) == (0, 0, 0)


@pytest.mark.parametrize("body", ["same", "Test", "Wörld ✓"])
def test_the_content_id_is_the_sha256_of_the_body(sqs, by_content, body):
    send(sqs, by_content, body, MessageGroupId="g", MessageAttributes={"color": text("blue")})
    send(sqs, by_content, body, MessageGroupId="g", MessageAttributes={"color": text("red")})
    [message] = receive(sqs, by_content, MaxNumberOfMessages=10)
    expected = hashlib.sha256(body.encode()).hexdigest()
    assert message["Attributes"]["MessageDeduplicationId"] == expected
    if body == "same":
        assert expected == "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"


def test_a_given_id_wins_over_the_content(sqs, by_content):
    send(sqs, by_content, "same", MessageGroupId="g", MessageDeduplicationId="1")
    send(sqs, by_content, "same", MessageGroupId="g", MessageDeduplicationId="2")
    send(sqs, by_content, "same", MessageGroupId="g")
    send(sqs, by_content, "other", MessageGroupId="g", MessageDeduplicationId="1")
    assert take(sqs, by_content) == ["same", "same", "same"]


def test_a_given_id_that_is_the_hash_of_a_body_is_its_duplicate(sqs, by_content):
    send(sqs, by_content, "same", MessageGroupId="g")
    given = hashlib.sha256(b"same").hexdigest()
    send(sqs, by_content, "other", MessageGroupId="g", MessageDeduplicationId=given)
    assert take(sqs, by_content) == ["same"]


def test_without_content_deduplication_same_bodies_are_different_messages(sqs, fifo):
    put(sqs, fifo, "g-m", "g-m")
    assert take(sqs, fifo) == ["g-m", "g-m"]


def test_content_deduplication_can_be_switched_off_and_on(sqs, by_content):
    sqs.set_queue_attributes(QueueUrl=by_content, Attributes={"ContentBasedDeduplication": "false"})
    with refused("InvalidParameterValueException", NO_DEDUPLICATION):
        send(sqs, by_content, "hello", MessageGroupId="g")
    sqs.set_queue_attributes(QueueUrl=by_content, Attributes={"ContentBasedDeduplication": "True"})
    send(sqs, by_content, "hello", MessageGroupId="g")
    assert attribute(sqs, by_content, "ContentBasedDeduplication") == "true"


def test_by_default_an_id_counts_for_the_whole_queue(sqs, fifo):
    first = send(sqs, fifo, "1", MessageGroupId="g1", MessageDeduplicationId="d")
    second = send(sqs, fifo, "2", MessageGroupId="g2", MessageDeduplicationId="d")
    assert second["MessageId"] == first["MessageId"]
    assert take(sqs, fifo) == ["1"]


def test_with_the_scope_of_the_group_an_id_counts_for_its_group(sqs, make_fifo):
    queue = make_fifo(DeduplicationScope="messageGroup")
    one, two, again = [
        send(sqs, queue, group, MessageGroupId=group, MessageDeduplicationId="d") for group in ("g1", "g2", "g1")
    ]
    assert one["MessageId"] != two["MessageId"]
    assert again["MessageId"] == one["MessageId"]
    assert take(sqs, queue) == ["g1", "g2"]


def test_queues_do_not_share_ids(sqs, make_fifo):
    queues = [make_fifo(), make_fifo()]
    sent = [send(sqs, queue, "hello", MessageGroupId="g", MessageDeduplicationId="d") for queue in queues]
    assert sent[0]["MessageId"] != sent[1]["MessageId"]
    assert [take(sqs, queue) for queue in queues] == [["hello"], ["hello"]]


def test_a_purge_forgets_the_ids(sqs, fifo):
    first = send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    sqs.purge_queue(QueueUrl=fifo)
    second = send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    assert second["MessageId"] != first["MessageId"]
    assert second["SequenceNumber"] > first["SequenceNumber"]
    assert take(sqs, fifo) == ["hello"]


def test_duplicates_within_one_batch_are_one_message(sqs, fifo):
    entries = [
        {"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": "d"} for id in ("a", "b")
    ]
    first, second = sqs.send_message_batch(QueueUrl=fifo, Entries=entries)["Successful"]
    assert (first["MessageId"], first["SequenceNumber"]) == (second["MessageId"], second["SequenceNumber"])
    assert (first["MD5OfMessageBody"], second["MD5OfMessageBody"]) == (md5("a"), md5("b"))
    assert take(sqs, fifo) == ["a"]


def test_a_refused_send_uses_up_no_id(sqs, make_fifo):
    queue = make_fifo(MaximumMessageSize=1024)
    with refused("InvalidParameterValueException"):
        send(sqs, queue, "x" * 1025, MessageGroupId="g", MessageDeduplicationId="d")
    send(sqs, queue, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    assert take(sqs, queue) == ["hello"]


def test_a_duplicate_must_be_a_good_message_too(sqs, fifo):
    send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    with refused("InvalidMessageContents"):
        send(sqs, fifo, "\x01", MessageGroupId="g", MessageDeduplicationId="d")


# Sequence numbers


def test_sequence_numbers_have_20_digits_and_rise(sqs, fifo):
    numbers = put(sqs, fifo, *[f"g{number % 3}-{number}" for number in range(6)])
    entries = [
        {"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": id} for id in "abcdefghij"
    ]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    numbers += [entry["SequenceNumber"] for entry in answer["Successful"]]
    numbers += put(sqs, fifo, "g-last")
    assert all(len(number) == 20 and number.isdecimal() for number in numbers)
    assert sorted(set(numbers)) == numbers


def test_a_batch_is_enqueued_in_its_order_and_goes_on_behind_a_bad_entry(sqs, fifo):
    entries = [
        {"Id": id, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": id}
        for id, body in [("a", "1"), ("b", "2"), ("bad", "\x01"), ("c", "3")]
    ]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    assert [entry["Id"] for entry in answer["Failed"]] == ["bad"]
    assert take(sqs, fifo) == ["1", "2", "3"]


# Order and group locks


def test_a_message_in_flight_blocks_its_group_and_no_other(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g1-m2", "g2-m1")
    assert take(sqs, fifo, 1) == ["g1-m1"]
    put(sqs, fifo, "g1-m3")
    assert take(sqs, fifo) == ["g2-m1"]
    assert take(sqs, fifo) == []
    # Messages that are only blocked count as visible.
    assert counters(sqs, fifo) == (2, 2, 0)


def test_a_receive_drains_one_group_before_the_next(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g2-m1", "g1-m2", "g1-m3")
    assert take(sqs, fifo) == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]


def test_deleting_some_of_a_batch_keeps_the_group_blocked(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, second = receive(sqs, fifo, MaxNumberOfMessages=2)
    delete(sqs, fifo, first)
    assert take(sqs, fifo) == []
    delete(sqs, fifo, second)
    assert take(sqs, fifo) == ["g-m3"]


def test_deleting_the_second_of_two_keeps_the_group_blocked_by_the_first(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, second = receive(sqs, fifo, MaxNumberOfMessages=2)
    delete(sqs, fifo, second)
    assert take(sqs, fifo) == []
    hide(sqs, fifo, first, 0)
    assert take(sqs, fifo) == ["g-m1", "g-m3"]


class Poll:
    """A receive that waits in the background."""

    def __init__(self, daemon, queue):
        self.connection = RawConnection(daemon)
        self.connection.send(
            request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20, "MaxNumberOfMessages": 10})
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def bodies(self):
        return bodies(self.connection.answer().json["Messages"])


def test_a_delete_that_unblocks_a_group_wakes_a_long_poll(sqs, daemon, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3", "g-m4")
    messages = receive(sqs, fifo, MaxNumberOfMessages=2)
    with Poll(daemon, fifo) as poll:
        assert counters(sqs, fifo) == (2, 2, 0)
        delete(sqs, fifo, messages[0])
        assert counters(sqs, fifo) == (2, 1, 0)
        delete(sqs, fifo, messages[1])
        assert poll.bodies() == ["g-m3", "g-m4"]


def test_a_batch_of_deletes_that_unblocks_a_group_wakes_a_long_poll(sqs, daemon, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    messages = receive(sqs, fifo, MaxNumberOfMessages=2)
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)
    ]
    with Poll(daemon, fifo) as poll:
        assert counters(sqs, fifo) == (1, 2, 0)
        sqs.delete_message_batch(QueueUrl=fifo, Entries=entries)
        assert poll.bodies() == ["g-m3"]


def test_a_send_to_a_blocked_group_wakes_nobody_but_one_to_a_free_group_does(sqs, daemon, fifo):
    put(sqs, fifo, "g1-m1")
    receive_one(sqs, fifo)
    with Poll(daemon, fifo) as poll:
        put(sqs, fifo, "g1-m2")
        put(sqs, fifo, "g2-m1")
        assert poll.bodies() == ["g2-m1"]


def test_of_two_in_flight_the_first_comes_alone_when_it_is_given_back(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, _ = receive(sqs, fifo, MaxNumberOfMessages=2)
    hide(sqs, fifo, first, 0)
    assert take(sqs, fifo) == ["g-m1"]


def test_of_two_in_flight_the_second_given_back_waits_for_the_first(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, second = receive(sqs, fifo, MaxNumberOfMessages=2)
    hide(sqs, fifo, second, 0)
    assert take(sqs, fifo) == []
    delete(sqs, fifo, first)
    assert take(sqs, fifo) == ["g-m2", "g-m3"]


def test_of_two_in_flight_the_first_comes_alone_when_its_timeout_ends(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, _ = receive(sqs, fifo, MaxNumberOfMessages=2)
    hide(sqs, fifo, first, 1)
    assert take(sqs, fifo, WaitTimeSeconds=5) == ["g-m1"]


def test_of_three_whose_timeouts_end_those_before_an_extended_one_come_again(sqs, make_fifo):
    queues = [make_fifo() for _ in range(3)]
    for extended, queue in enumerate(queues):
        put(sqs, queue, "g-m1", "g-m2", "g-m3", "g-m4")
        for place, message in enumerate(receive(sqs, queue, MaxNumberOfMessages=3)):
            hide(sqs, queue, message, 100 if place == extended else 1)
    for queue in queues:
        eventually(lambda: counters(sqs, queue) == (3, 1, 0))
    assert [take(sqs, queue) for queue in queues] == [[], ["g-m1"], ["g-m1", "g-m2"]]


def test_a_message_redelivered_keeps_its_place_and_its_number(sqs, fifo):
    numbers = put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    first, second = receive(sqs, fifo, MaxNumberOfMessages=2)
    # Given back in the wrong order.
    hide(sqs, fifo, second, 0)
    hide(sqs, fifo, first, 0)
    again = receive(sqs, fifo, MaxNumberOfMessages=10)
    assert bodies(again) == ["g-m1", "g-m2", "g-m3"]
    assert [message["Attributes"]["SequenceNumber"] for message in again] == numbers
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in again] == ["2", "2", "1"]


def test_a_group_that_was_empty_works_as_before(sqs, fifo):
    for _ in range(3):
        put(sqs, fifo, "g-m1", "g-m2")
        for name in ("g-m1", "g-m2"):
            message = receive_one(sqs, fifo)
            assert message["Body"] == name
            assert take(sqs, fifo) == []
            delete(sqs, fifo, message)
    assert counters(sqs, fifo) == (0, 0, 0)


def test_a_receive_with_timeout_0_locks_nothing(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2", "g-m3")
    assert take(sqs, fifo, 2, VisibilityTimeout=0) == ["g-m1", "g-m2"]
    assert take(sqs, fifo, 1, VisibilityTimeout=0) == ["g-m1"]
    assert take(sqs, fifo) == ["g-m1", "g-m2", "g-m3"]


def test_a_purge_frees_the_groups(sqs, fifo):
    put(sqs, fifo, "g-m1", "g-m2")
    receive_one(sqs, fifo)
    sqs.purge_queue(QueueUrl=fifo)
    put(sqs, fifo, "g-m3")
    assert take(sqs, fifo) == ["g-m3"]


def test_a_group_keeps_its_order_over_many_batches_and_consumers(sqs, fifo):
    """Ten groups, received by turns and partly given back: each group comes in the order of its sends."""
    for number in range(10):
        names = [f"g{group}-{number}" for group in range(10)]
        entries = [
            {"Id": name, "MessageBody": name, "MessageGroupId": name[:2], "MessageDeduplicationId": name}
            for name in names
        ]
        sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    seen = {}
    rounds = itertools.count()
    while messages := receive(sqs, fifo, MaxNumberOfMessages=7):
        # Of every third batch the rest is given back, last message first.
        kept = 3 if next(rounds) % 3 == 0 else len(messages)
        for message in reversed(messages[kept:]):
            hide(sqs, fifo, message, 0)
        for message in messages[:kept]:
            seen.setdefault(message["Body"].split("-")[0], []).append(message["Body"])
            delete(sqs, fifo, message)
    assert seen == {f"g{group}": [f"g{group}-{number}" for number in range(10)] for group in range(10)}


def test_beyond_the_in_flight_limit_a_receive_gives_nothing_without_an_error(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", ["--in-flight-limit", "2"]).start()
    try:
        sqs = boto_client(daemon)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        put(sqs, queue, "g1-m1", "g2-m1", "g3-m1")
        messages = receive(sqs, queue, MaxNumberOfMessages=10)
        assert bodies(messages) == ["g1-m1", "g2-m1"]
        assert take(sqs, queue) == []
        delete(sqs, queue, messages[0])
        assert take(sqs, queue) == ["g3-m1"]
    finally:
        daemon.finish()


# Turns of the groups


def test_groups_that_were_received_go_to_the_back(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g1-m2", "g2-m1", "g2-m2", "g3-m1")
    assert take(sqs, fifo, 3, VisibilityTimeout=0) == ["g1-m1", "g1-m2", "g2-m1"]
    assert take(sqs, fifo) == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]


def test_a_group_unlocked_by_a_visibility_change_goes_to_the_back(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g1-m2", "g2-m1")
    hide(sqs, fifo, receive_one(sqs, fifo), 0)
    assert take(sqs, fifo) == ["g2-m1", "g1-m1", "g1-m2"]


def test_a_group_unlocked_by_a_delete_goes_to_the_back(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g1-m2", "g2-m1", "g3-m1")
    delete(sqs, fifo, receive_one(sqs, fifo))
    assert take(sqs, fifo) == ["g2-m1", "g3-m1", "g1-m2"]


# Delay


def test_a_message_has_no_delay_of_its_own(sqs, fifo):
    with invalid(1, "DelaySeconds", WRONG_TYPE):
        send(sqs, fifo, "hello", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1)
    entry = {"Id": "a", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}
    [failed] = sqs.send_message_batch(QueueUrl=fifo, Entries=[entry])["Failed"]
    assert (failed["Code"], failed["SenderFault"]) == ("InvalidParameterValue", True)
    assert failed["Message"] == f"Value 1 for parameter DelaySeconds is invalid. Reason: {WRONG_TYPE}"
    assert counters(sqs, fifo) == (0, 0, 0)


def test_a_delay_of_0_means_the_delay_of_the_queue(sqs, make_fifo):
    queue = make_fifo(DelaySeconds=900)
    send(sqs, queue, "hello", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=0)
    assert counters(sqs, queue) == (0, 0, 1)


def test_the_delay_of_the_queue_holds_a_message_back(sqs, make_fifo):
    queue = make_fifo(DelaySeconds=1)
    put(sqs, queue, "g-m1", "g-m2")
    assert take(sqs, queue) == []
    assert take(sqs, queue, WaitTimeSeconds=5)[0] == "g-m1"


def test_a_shorter_delay_frees_messages_that_are_delayed_and_wakes_a_long_poll(sqs, daemon, make_fifo):
    queue = make_fifo(DelaySeconds=900)
    put(sqs, queue, "g-m1", "g-m2")
    with Poll(daemon, queue) as poll:
        assert counters(sqs, queue) == (0, 0, 2)
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "0"})
        assert poll.bodies() == ["g-m1", "g-m2"]


def test_a_longer_delay_holds_delayed_messages_and_leaves_visible_ones_alone(sqs, fifo):
    put(sqs, fifo, "g1-m1")
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"DelaySeconds": "2"})
    put(sqs, fifo, "g2-m1")
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"DelaySeconds": "900"})
    assert take(sqs, fifo) == ["g1-m1"]
    assert take(sqs, fifo, WaitTimeSeconds=2) == []
    assert counters(sqs, fifo) == (0, 1, 1)


def test_a_delayed_message_blocks_nothing_before_it_but_all_behind(sqs, make_fifo):
    queue = make_fifo()
    put(sqs, queue, "g-m1")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "900"})
    put(sqs, queue, "g-m2")
    assert take(sqs, queue, VisibilityTimeout=0) == ["g-m1"]
    assert counters(sqs, queue) == (1, 0, 1)


# Receipt handles


def expired(handle):
    return invalid(handle, "ReceiptHandle", "The receipt handle has expired.")


def unavailable(handle):
    return invalid(
        handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change."
    )


def assert_useless(sqs, queue, handle):
    """Neither deletes nor hides, alone and in batches."""
    with expired(handle):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with unavailable(handle):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=100)
    entry = {"Id": "a", "ReceiptHandle": handle}
    [failed] = sqs.delete_message_batch(QueueUrl=queue, Entries=[entry])["Failed"]
    assert (failed["Code"], failed["SenderFault"]) == ("InvalidParameterValue", True)
    assert failed["Message"].endswith("Reason: The receipt handle has expired.")
    entry["VisibilityTimeout"] = 100
    [failed] = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[entry])["Failed"]
    assert failed["Code"] == "InvalidParameterValue"


def test_a_handle_is_useless_after_its_timeout_and_after_the_next_receive(sqs, make_fifo):
    queue = make_fifo(VisibilityTimeout=1)
    put(sqs, queue, "g-m1")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    eventually(lambda: counters(sqs, queue) == (1, 0, 0))
    assert_useless(sqs, queue, handle)
    newer = receive_one(sqs, queue, VisibilityTimeout=100)
    assert_useless(sqs, queue, handle)
    delete(sqs, queue, newer)
    assert counters(sqs, queue) == (0, 0, 0)


def test_a_handle_is_useless_after_its_message_was_given_back(sqs, fifo):
    put(sqs, fifo, "g-m1")
    message = receive_one(sqs, fifo)
    hide(sqs, fifo, message, 0)
    assert_useless(sqs, fifo, message["ReceiptHandle"])


def test_a_handle_from_a_receive_with_timeout_0_is_useless(sqs, fifo):
    put(sqs, fifo, "g-m1")
    assert_useless(sqs, fifo, receive_one(sqs, fifo, VisibilityTimeout=0)["ReceiptHandle"])


def test_a_handle_extended_beyond_its_first_timeout_deletes(sqs, make_fifo):
    # Long enough for the extension to come in time on a busy machine.
    queue = make_fifo(VisibilityTimeout=2)
    put(sqs, queue, "g-m1")
    message = receive_one(sqs, queue)
    hide(sqs, queue, message, 100)
    assert take(sqs, queue, WaitTimeSeconds=2) == []
    delete(sqs, queue, message)
    assert counters(sqs, queue) == (0, 0, 0)


def test_a_deleted_message_can_be_deleted_again_but_not_hidden(sqs, fifo):
    put(sqs, fifo, "g-m1")
    message = receive_one(sqs, fifo)
    delete(sqs, fifo, message, message)
    with unavailable(message["ReceiptHandle"]):
        hide(sqs, fifo, message, 0)


# ReceiveRequestAttemptId


def attempt(sqs, queue, id="attempt", **options):
    return receive(sqs, queue, ReceiveRequestAttemptId=id, MaxNumberOfMessages=10, **options)


def handles(messages):
    return [message["ReceiptHandle"] for message in messages]


def not_retryable(id="attempt"):
    return invalid(
        id,
        "ReceiveRequestAttemptId",
        "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    )


def test_an_attempt_repeated_gives_the_same_messages_and_handles_again(sqs, fifo):
    put(sqs, fifo, "g1-m1", "g1-m2", "g2-m1")
    first = attempt(sqs, fifo)
    put(sqs, fifo, "g3-m1")
    second = attempt(sqs, fifo)
    assert bodies(second) == ["g1-m1", "g1-m2", "g2-m1"]
    assert handles(second) == handles(first)
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in second} == {"1"}
    delete(sqs, fifo, *first)


def test_an_attempt_repeated_starts_the_timeouts_anew(sqs, fifo):
    put(sqs, fifo, "g-m1")
    # Long enough for the repetition to come in time on a busy machine.
    first = attempt(sqs, fifo, VisibilityTimeout=2)
    assert handles(attempt(sqs, fifo, VisibilityTimeout=100)) == handles(first)
    assert take(sqs, fifo, WaitTimeSeconds=2) == []
    assert handles(attempt(sqs, fifo)) == handles(first)
    delete(sqs, fifo, *first)


def test_another_attempt_is_another_receive(sqs, fifo):
    put(sqs, fifo, "g1-m1")
    attempt(sqs, fifo)
    put(sqs, fifo, "g2-m1")
    assert bodies(attempt(sqs, fifo, "another")) == ["g2-m1"]
    assert bodies(attempt(sqs, fifo)) == ["g1-m1"]


@pytest.mark.parametrize("change", [lambda *of: hide(*of, 0), lambda *of: hide(*of, 100), delete])
def test_an_attempt_cannot_be_repeated_once_one_of_its_messages_was_touched(sqs, fifo, change):
    put(sqs, fifo, "g1-m1", "g1-m2")
    first = attempt(sqs, fifo)
    change(sqs, fifo, first[1])
    with not_retryable():
        attempt(sqs, fifo)


def test_an_attempt_whose_messages_have_timed_out_is_a_new_receive(sqs, make_fifo):
    queue = make_fifo(VisibilityTimeout=1)
    put(sqs, queue, "g-m1")
    first = attempt(sqs, queue)
    eventually(lambda: counters(sqs, queue) == (1, 0, 0))
    second = attempt(sqs, queue)
    assert bodies(second) == ["g-m1"]
    assert handles(second) != handles(first)


def test_an_attempt_that_gave_nothing_may_give_something_later(sqs, fifo):
    assert attempt(sqs, fifo) == []
    put(sqs, fifo, "g-m1")
    assert bodies(attempt(sqs, fifo)) == ["g-m1"]


@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "é"])
def test_an_attempt_id_has_the_form_of_the_other_ids(sqs, fifo, bad):
    with invalid(
        bad,
        "ReceiveRequestAttemptId",
        "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
    ):
        attempt(sqs, fifo, bad)


def test_a_standard_queue_knows_no_attempts(sqs, queue):
    with invalid("attempt", "ReceiveRequestAttemptId", WRONG_TYPE):
        attempt(sqs, queue)


# Dead-letter queues


def redrive(sqs, target, count=1):
    return json.dumps({"deadLetterTargetArn": attribute(sqs, target, "QueueArn"), "maxReceiveCount": count})


def test_a_moved_message_keeps_its_group_and_gets_its_message_id_and_a_new_number(sqs, make_fifo):
    dead = make_fifo()
    source = make_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(sqs, dead))
    sent = send(sqs, source, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    receive_one(sqs, source)
    assert take(sqs, source) == []
    moved = receive_one(sqs, dead)
    attributes = moved["Attributes"]
    assert moved["MessageId"] == sent["MessageId"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == sent["MessageId"]
    assert attributes["SequenceNumber"] > sent["SequenceNumber"]
    assert attributes["ApproximateReceiveCount"] == "2"
    assert attributes["DeadLetterQueueSourceArn"] == attribute(sqs, source, "QueueArn")


def test_a_move_frees_the_group(sqs, make_fifo):
    source = make_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(sqs, make_fifo()))
    put(sqs, source, "g-m1")
    receive_one(sqs, source)
    put(sqs, source, "g-m2")
    assert take(sqs, source) == ["g-m2"]
    put(sqs, source, "g-m3")
    assert take(sqs, source) == ["g-m3"]


def test_messages_move_in_the_order_of_their_group(sqs, make_fifo):
    dead = make_fifo()
    source = make_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(sqs, dead))
    put(sqs, source, "g-m1", "g-m2", "g-m3")
    assert take(sqs, source) == ["g-m1", "g-m2", "g-m3"]
    assert take(sqs, source) == []
    moved = receive(sqs, dead, MaxNumberOfMessages=10)
    assert bodies(moved) == ["g-m1", "g-m2", "g-m3"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in moved]
    assert sorted(set(numbers)) == numbers


def test_equal_bodies_are_no_duplicates_in_the_dead_letter_queue(sqs, make_fifo):
    dead = make_fifo(ContentBasedDeduplication="true")
    source = make_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(sqs, dead))
    send(sqs, dead, "g-same", MessageGroupId="g")
    put(sqs, source, "g-same", "g-same")
    take(sqs, source)
    assert take(sqs, source) == []
    assert take(sqs, dead) == ["g-same", "g-same", "g-same"]


def test_a_moved_message_stays_a_duplicate_in_its_source(sqs, make_fifo):
    dead = make_fifo()
    source = make_fifo(VisibilityTimeout=0, RedrivePolicy=redrive(sqs, dead))
    first = send(sqs, source, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    receive_one(sqs, source)
    assert take(sqs, source) == []
    again = send(sqs, source, "hello", MessageGroupId="g", MessageDeduplicationId="d")
    assert again["MessageId"] == first["MessageId"]
    assert (counters(sqs, source), counters(sqs, dead)) == ((0, 0, 0), (1, 0, 0))


def test_a_dead_letter_queue_is_of_the_type_of_its_source(sqs, queue, fifo, make_fifo):
    for source, target in [(queue, fifo), (fifo, queue)]:
        policy = redrive(sqs, target)
        with invalid(policy, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.."):
            sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": policy})


# Attributes of the queue


def test_a_fifo_queue_has_four_attributes_more(sqs, fifo, queue):
    of_fifo = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["All"])["Attributes"]
    of_standard = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert {name: of_fifo[name] for name in set(of_fifo) - set(of_standard)} == {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }
    assert attribute(sqs, queue, "FifoQueue") is None


@pytest.mark.parametrize("given", ["true", "True", "TRUE"])
def test_fifo_queues_are_made_with_the_suffix_and_the_attribute(sqs, given):
    name = unique_name() + ".fifo"
    url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": given})["QueueUrl"]
    assert url.endswith(f"/{name}")
    assert attribute(sqs, url, "FifoQueue") == "true"
    assert sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"] == url


@pytest.mark.parametrize("attributes", [{}, {"FifoQueue": "false"}])
def test_the_suffix_needs_the_attribute(sqs, attributes):
    with refused("InvalidParameterValueException"):
        sqs.create_queue(QueueName=unique_name() + ".fifo", Attributes=attributes)


@pytest.mark.parametrize("name", ["queue", "queue.fif", "queue.FIFO", "a.b.fifo", "n" * 76 + ".fifo"])
def test_the_attribute_needs_a_name_with_the_suffix(sqs, name):
    with refused(
        "InvalidParameterValueException",
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
        "must end with .fifo suffix and be 1 to 80 in length.",
    ):
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})


def test_the_suffix_counts_in_the_length_of_the_name(sqs):
    url = sqs.create_queue(QueueName="n" * 75 + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)


def test_a_contradiction_is_told_also_where_the_queue_is_there(sqs, fifo, queue):
    name = queue.rsplit("/", 1)[1]
    with refused("InvalidParameterValueException"):
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    with refused("InvalidParameterValueException"):
        sqs.create_queue(QueueName=fifo.rsplit("/", 1)[1], Attributes={"FifoQueue": "false"})


def test_the_type_of_a_queue_cannot_be_changed(sqs, fifo, queue):
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "true"})
    with refused(
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    ):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    for value in ("true", "false"):
        with refused("InvalidAttributeName", "Unknown Attribute FifoQueue."):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"FifoQueue": value})


NOT_WITHOUT_SCOPE = "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup"


def test_throughput_per_group_needs_the_scope_of_the_group(sqs, fifo):
    def set(**attributes):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes=attributes)

    def throughput():
        return attribute(sqs, fifo, "DeduplicationScope"), attribute(sqs, fifo, "FifoThroughputLimit")

    with refused("InvalidAttributeValue", NOT_WITHOUT_SCOPE):
        set(FifoThroughputLimit="perMessageGroupId")
    set(FifoThroughputLimit="perMessageGroupId", DeduplicationScope="messageGroup")
    assert throughput() == ("messageGroup", "perMessageGroupId")
    with refused("InvalidAttributeValue", NOT_WITHOUT_SCOPE):
        set(DeduplicationScope="queue")
    set(DeduplicationScope="queue", FifoThroughputLimit="perQueue")
    set(DeduplicationScope="messageGroup")
    assert throughput() == ("messageGroup", "perQueue")
    set(FifoThroughputLimit="perMessageGroupId")
    assert throughput() == ("messageGroup", "perMessageGroupId")


def test_throughput_is_checked_when_a_queue_is_made(sqs, make_fifo):
    with refused("InvalidAttributeValue", NOT_WITHOUT_SCOPE):
        make_fifo(FifoThroughputLimit="perMessageGroupId")
    queue = make_fifo(FifoThroughputLimit="perMessageGroupId", DeduplicationScope="messageGroup")
    assert attribute(sqs, queue, "FifoThroughputLimit") == "perMessageGroupId"


@pytest.mark.parametrize(
    "name, value",
    [
        ("ContentBasedDeduplication", "yes"),
        ("ContentBasedDeduplication", ""),
        ("DeduplicationScope", "group"),
        ("DeduplicationScope", ""),
        ("FifoThroughputLimit", "perGroup"),
        ("FifoThroughputLimit", ""),
    ],
)
def test_other_values_are_refused(sqs, fifo, make_fifo, name, value):
    message = f"Invalid value for the parameter {name}."
    with refused("InvalidAttributeValue", message):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={name: value})
    with refused("InvalidAttributeValue", message):
        make_fifo(**{name: value})


def test_a_standard_queue_takes_none_of_them(sqs, queue):
    only_fifo = "You can specify the {} only when FifoQueue is set to true."
    for name, value, message in [
        ("ContentBasedDeduplication", "false", "Unknown Attribute {}."),
        ("DeduplicationScope", "queue", only_fifo),
        ("FifoThroughputLimit", "perQueue", only_fifo),
    ]:
        with refused("InvalidAttributeName", message.format(name)):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})


@pytest.mark.parametrize(
    "name, value",
    [("ContentBasedDeduplication", "true"), ("DeduplicationScope", "messageGroup")],
)
def test_making_a_queue_again_with_another_setting_is_refused(sqs, fifo, name, value):
    with refused(
        "QueueNameExists", f"A queue already exists with the same name and a different value for attribute {name}"
    ):
        sqs.create_queue(QueueName=fifo.rsplit("/")[-1], Attributes={"FifoQueue": "true", name: value})
