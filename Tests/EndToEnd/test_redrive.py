"""Dead-letter queues: the move, what a message keeps, and the policies on both sides."""

import json

import pytest

from checks import attribute, bodies, counters, receive, receive_one, refused, send, text
from conftest import unique_name


def policy(sqs, target, count):
    arn = attribute(sqs, target, "QueueArn")
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count}, separators=(",", ":"))


@pytest.fixture
def dead_letters(make_queue):
    return make_queue()


@pytest.fixture
def source(sqs, make_queue, dead_letters):
    """A queue whose messages move to `dead_letters` after two receives. Receives hide nothing, to need no waiting."""
    return make_queue(VisibilityTimeout=0, RedrivePolicy=policy(sqs, dead_letters, 2))


# The move


def test_a_message_moves_at_the_receive_that_would_be_one_too_many(sqs, source, dead_letters):
    send(sqs, source, "hello")
    assert receive_one(sqs, source)["Attributes"]["ApproximateReceiveCount"] == "1"
    assert receive_one(sqs, source)["Attributes"]["ApproximateReceiveCount"] == "2"
    assert (counters(sqs, source), counters(sqs, dead_letters)) == ((1, 0, 0), (0, 0, 0))
    assert receive(sqs, source) == []
    assert (counters(sqs, source), counters(sqs, dead_letters)) == ((0, 0, 0), (1, 0, 0))
    assert receive_one(sqs, dead_letters)["Body"] == "hello"


def test_the_receive_count_goes_on_after_the_move(sqs, make_queue, dead_letters):
    source = make_queue(VisibilityTimeout=0, RedrivePolicy=policy(sqs, dead_letters, 1))
    send(sqs, source, "hello")
    receive_one(sqs, source)
    assert receive(sqs, source) == []
    assert receive_one(sqs, dead_letters)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_keeps_all_it_had_and_gains_the_queue_it_came_from(sqs, source, dead_letters):
    sent = send(
        sqs,
        source,
        "hello",
        MessageAttributes={"color": text("blue")},
        MessageSystemAttributes={"AWSTraceHeader": text("some-trace-id")},
        MessageGroupId="tenant-1",
    )
    receive_one(sqs, source)
    before = receive_one(sqs, source)
    assert receive(sqs, source) == []
    after = receive_one(sqs, dead_letters)
    assert after["MessageId"] == sent["MessageId"]
    for member in ("Body", "MD5OfBody", "MessageAttributes", "MD5OfMessageAttributes"):
        assert after[member] == before[member]
    for name in ("SentTimestamp", "AWSTraceHeader", "MessageGroupId"):
        assert after["Attributes"][name] == before["Attributes"][name]
    assert "DeadLetterQueueSourceArn" not in before["Attributes"]
    assert after["Attributes"]["DeadLetterQueueSourceArn"] == attribute(sqs, source, "QueueArn")


def test_one_receive_moves_some_messages_and_gives_others(sqs, source, dead_letters):
    send(sqs, source, "1", "2", "3")
    for _ in range(2):
        assert bodies(receive(sqs, source, MaxNumberOfMessages=3)) == ["1", "2", "3"]
    send(sqs, source, "4", "5")
    assert bodies(receive(sqs, source, MaxNumberOfMessages=2)) == ["4", "5"]
    assert counters(sqs, dead_letters) == (3, 0, 0)


def test_a_message_in_flight_does_not_move(sqs, source, dead_letters):
    send(sqs, source, "hello")
    receive_one(sqs, source)
    receive_one(sqs, source, VisibilityTimeout=100)
    assert receive(sqs, source) == []
    assert (counters(sqs, source), counters(sqs, dead_letters)) == ((0, 1, 0), (0, 0, 0))


def test_old_handles_are_dead_after_the_move(sqs, source, dead_letters):
    send(sqs, source, "hello")
    receive_one(sqs, source)
    handle = receive_one(sqs, source)["ReceiptHandle"]
    assert receive(sqs, source) == []
    sqs.delete_message(QueueUrl=source, ReceiptHandle=handle)
    assert counters(sqs, dead_letters) == (1, 0, 0)
    with refused(
        "InvalidParameterValueException",
        f"Value {handle} for parameter ReceiptHandle is invalid. "
        "Reason: Message does not exist or is not available for visibility timeout change.",
    ):
        sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=1)


def test_the_delay_of_the_dead_letter_queue_does_not_hold_for_moved_messages(sqs, make_queue):
    dead_letters = make_queue(DelaySeconds=900)
    source = make_queue(VisibilityTimeout=0, RedrivePolicy=policy(sqs, dead_letters, 1))
    send(sqs, source, "hello")
    receive_one(sqs, source)
    assert receive(sqs, source) == []
    assert receive_one(sqs, dead_letters)["Body"] == "hello"


def test_a_dead_letter_queue_is_an_ordinary_queue(sqs, source, dead_letters):
    send(sqs, dead_letters, "sent straight here")
    message = receive_one(sqs, dead_letters)
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
    assert counters(sqs, dead_letters) == (0, 0, 0)


def test_a_dead_letter_queue_may_have_its_own(sqs, make_queue):
    last = make_queue()
    middle = make_queue(VisibilityTimeout=0, RedrivePolicy=policy(sqs, last, 3))
    first = make_queue(VisibilityTimeout=0, RedrivePolicy=policy(sqs, middle, 1))
    send(sqs, first, "hello")
    receive_one(sqs, first)
    assert receive(sqs, first) == []
    # The receive count goes on, but the second policy counts the receives of its own queue only.
    assert [receive_one(sqs, middle)["Attributes"]["ApproximateReceiveCount"] for _ in range(3)] == ["2", "3", "4"]
    assert receive(sqs, middle) == []
    moved = receive_one(sqs, last)
    assert moved["Attributes"]["DeadLetterQueueSourceArn"] == attribute(sqs, middle, "QueueArn")


def test_without_its_target_a_message_goes_on_being_delivered_and_the_log_tells(daemon, sqs, source, dead_letters):
    send(sqs, source, "hello")
    sqs.delete_queue(QueueUrl=dead_letters)
    counts = [receive_one(sqs, source)["Attributes"]["ApproximateReceiveCount"] for _ in range(4)]
    assert counts == ["1", "2", "3", "4"]
    arn = attribute(sqs, source, "QueueArn")
    warnings = [line for line in daemon.log().splitlines() if "more often than its queue allows" in line and arn in line]
    assert len(warnings) == 2


def test_a_policy_taken_away_stops_the_moves(sqs, source, dead_letters):
    send(sqs, source, "hello")
    receive_one(sqs, source)
    receive_one(sqs, source)
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert receive_one(sqs, source)["Attributes"]["ApproximateReceiveCount"] == "3"
    assert counters(sqs, dead_letters) == (0, 0, 0)


# RedrivePolicy


@pytest.mark.parametrize("count", [1, "7", 1000])
def test_a_policy_reads_back_in_one_form(sqs, queue, dead_letters, count):
    arn = attribute(sqs, dead_letters, "QueueArn")
    given = json.dumps({"maxReceiveCount": count, "deadLetterTargetArn": arn}, indent=1)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": given})
    expected = f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}'
    assert attribute(sqs, queue, "RedrivePolicy") == expected
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["RedrivePolicy"] == expected


def test_an_empty_policy_takes_it_away_even_when_there_is_none(sqs, source):
    for _ in range(2):
        sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
        assert attribute(sqs, source, "RedrivePolicy") is None


def test_a_queue_may_be_its_own_target(sqs, queue):
    own = policy(sqs, queue, 5)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": own})
    assert attribute(sqs, queue, "RedrivePolicy") == own


ARN = "arn:aws:sqs:us-east-1:000000000000:"

BAD_POLICIES = [
    ("not json", None),
    ("[]", None),
    ('"text"', None),
    ("{}", None),
    (
        f'{{"deadLetterTargetArn":"{ARN}TARGET"}}',
        "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
    ),
    ('{"maxReceiveCount":1}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    (
        f'{{"deadLetterTargetArn":"{ARN}TARGET","maxReceiveCount":0}}',
        "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
    ),
    (
        f'{{"deadLetterTargetArn":"{ARN}TARGET","maxReceiveCount":1001}}',
        "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
    ),
    (f'{{"deadLetterTargetArn":"{ARN}TARGET","maxReceiveCount":"many"}}', None),
    (f'{{"deadLetterTargetArn":"{ARN}TARGET","maxReceiveCount":1.5}}', None),
    (f'{{"deadLetterTargetArn":"{ARN}TARGET","maxReceiveCount":1,"color":"blue"}}', None),
    (f'{{"deadLetterTargetArn":"{ARN}no-such-queue","maxReceiveCount":1}}', None),
    ('{"deadLetterTargetArn":"TARGET","maxReceiveCount":1}', None),
    ('{"deadLetterTargetArn":"","maxReceiveCount":1}', None),
    ('{"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:TARGET","maxReceiveCount":1}', None),
    ('{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:TARGET","maxReceiveCount":1}', None),
    ('{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:TARGET","maxReceiveCount":1}', None),
]


@pytest.mark.parametrize("bad, reason", BAD_POLICIES)
def test_a_bad_policy_is_refused(sqs, queue, dead_letters, bad, reason):
    bad = bad.replace("TARGET", dead_letters.rsplit("/")[-1])
    message = reason and f"Value {bad} for parameter RedrivePolicy is invalid. Reason: {reason}"
    with refused("InvalidParameterValueException", message):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": bad})
    assert attribute(sqs, queue, "RedrivePolicy") is None
    name = unique_name()
    with refused("InvalidParameterValueException", message):
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": bad})
    with refused("QueueDoesNotExist"):
        sqs.get_queue_url(QueueName=name)


# RedriveAllowPolicy


def allow(sqs, queue, permission, *sources):
    document = {"redrivePermission": permission}
    if sources:
        document["sourceQueueArns"] = list(sources)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": json.dumps(document)})


def test_a_queue_that_denies_all_is_no_target(sqs, queue, dead_letters):
    allow(sqs, dead_letters, "denyAll")
    with refused("InvalidParameterValueException"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy(sqs, dead_letters, 1)})
    allow(sqs, dead_letters, "allowAll")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy(sqs, dead_letters, 1)})


def test_a_queue_that_allows_some_is_a_target_for_those(sqs, queue, make_queue, dead_letters):
    allow(sqs, dead_letters, "byQueue", attribute(sqs, queue, "QueueArn"))
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy(sqs, dead_letters, 1)})
    with refused("InvalidParameterValueException"):
        make_queue(RedrivePolicy=policy(sqs, dead_letters, 1))


def test_a_policy_taken_away_allows_all_again(sqs, queue, dead_letters):
    allow(sqs, dead_letters, "denyAll")
    for _ in range(2):
        sqs.set_queue_attributes(QueueUrl=dead_letters, Attributes={"RedriveAllowPolicy": ""})
        assert attribute(sqs, dead_letters, "RedriveAllowPolicy") is None
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy(sqs, dead_letters, 1)})


def test_an_allow_policy_reads_back_with_its_meaning(sqs, dead_letters):
    allow(sqs, dead_letters, "byQueue", ARN + "a", ARN + "b")
    assert json.loads(attribute(sqs, dead_letters, "RedriveAllowPolicy")) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [ARN + "a", ARN + "b"],
    }


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "[]",
        "{}",
        '{"redrivePermission":"some"}',
        '{"redrivePermission":"byQueue"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":[]}',
        json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}{number}" for number in range(11)]}),
        json.dumps({"redrivePermission": "allowAll", "sourceQueueArns": [ARN + "a"]}),
        json.dumps({"redrivePermission": "denyAll", "sourceQueueArns": [ARN + "a"]}),
    ],
)
def test_a_bad_allow_policy_is_refused(sqs, queue, bad):
    with refused("InvalidParameterValueException"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": bad})
    assert attribute(sqs, queue, "RedriveAllowPolicy") is None


# ListDeadLetterSourceQueues


def test_a_queue_without_sources_has_no_list_of_them(json_client, queue):
    assert json_client.call("ListDeadLetterSourceQueues", {"QueueUrl": queue}).body == b"{}"


def test_sources_are_listed_while_their_policy_names_the_queue(sqs, source, dead_letters):
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_letters)["queueUrls"] == [source]
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_letters).get("queueUrls", []) == []


def test_sources_come_in_pages(sqs, make_queue, dead_letters):
    sources = {make_queue(RedrivePolicy=policy(sqs, dead_letters, 1)) for _ in range(5)}
    pages = [
        page["queueUrls"]
        for page in sqs.get_paginator("list_dead_letter_source_queues").paginate(
            QueueUrl=dead_letters, PaginationConfig={"PageSize": 2}
        )
    ]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {url for page in pages for url in page} == sources


def test_a_deleted_source_is_no_longer_listed(sqs, source, dead_letters):
    sqs.delete_queue(QueueUrl=source)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_letters).get("queueUrls", []) == []


@pytest.mark.parametrize("size", [0, 1001])
def test_a_page_has_1_to_1000_sources(sqs, queue, size):
    with refused("InvalidParameterValueException"):
        sqs.list_dead_letter_source_queues(QueueUrl=queue, MaxResults=size)
