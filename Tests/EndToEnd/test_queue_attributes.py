"""The attributes of a queue: their defaults, their ranges, and that each is obeyed."""

import time

import pytest

from checks import attribute, bodies, counters, eventually, receive, receive_one, refused, send
from clients import ACCOUNT, REGION

RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
}


def test_a_new_queue_has_the_defaults_and_nothing_else(sqs, queue_name):
    before = int(time.time())
    queue = sqs.create_queue(QueueName=queue_name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    created = attributes.pop("CreatedTimestamp")
    assert before <= int(created) <= int(time.time())
    assert attributes == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "DelaySeconds": "0",
        "LastModifiedTimestamp": created,
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue_name}",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }


def test_only_the_attributes_asked_for_are_answered(sqs, queue):
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["DelaySeconds", "VisibilityTimeout"])
    assert answer["Attributes"] == {"DelaySeconds": "0", "VisibilityTimeout": "30"}


@pytest.mark.parametrize("names", [{}, {"AttributeNames": []}])
def test_asking_for_nothing_answers_nothing(sqs, queue, names):
    assert set(sqs.get_queue_attributes(QueueUrl=queue, **names)) == {"ResponseMetadata"}


@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "FifoQueue"])
def test_an_attribute_without_a_value_is_skipped(sqs, queue, name):
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name, "DelaySeconds"])
    assert answer["Attributes"] == {"DelaySeconds": "0"}


@pytest.mark.parametrize("name", ["Colour", "visibilitytimeout", ""])
def test_an_unknown_attribute_cannot_be_read(sqs, queue, name):
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["DelaySeconds", name])


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("end", [0, 1])
def test_both_ends_of_a_range_can_be_set(sqs, queue, name, end):
    value = str(RANGES[name][end])
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
    assert attribute(sqs, queue, name) == value


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", ["below", "above", "", "ten", "1.5", "99999999999999999999"])
def test_a_value_out_of_range_or_no_integer_is_refused(sqs, queue, queue_name, name, value):
    low, high = RANGES[name]
    value = {"below": str(low - 1), "above": str(high + 1)}.get(value, value)
    message = f"Invalid value for the parameter {name}."
    before = attribute(sqs, queue, name)
    with refused("InvalidAttributeValue", message):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
    assert attribute(sqs, queue, name) == before
    with refused("InvalidAttributeValue", message):
        sqs.create_queue(QueueName=queue_name, Attributes={name: value})


@pytest.mark.parametrize(
    "name", ["Colour", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "ApproximateNumberOfMessages"]
)
def test_unknown_and_read_only_attributes_cannot_be_set(sqs, queue, name):
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: "1"})


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_standard_queue_does_not_become_a_fifo_queue(sqs, queue, value):
    with refused("InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"FifoQueue": value})


def test_one_bad_value_leaves_all_the_others_unset(sqs, queue):
    with refused("InvalidAttributeValue"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "5", "VisibilityTimeout": "-1"})
    assert attribute(sqs, queue, "DelaySeconds") == "0"


@pytest.mark.parametrize("attributes", [{}, {"Attributes": {}}])
def test_setting_nothing_is_refused(sqs, queue, attributes):
    with refused("MissingRequiredParameterException"):
        sqs.set_queue_attributes(QueueUrl=queue, **attributes)


# Encryption: attributes only, as the service shows them.

SSE = ["SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]


def encryption(sqs, queue):
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=SSE)["Attributes"]


def test_a_key_takes_the_place_of_managed_encryption_and_leaves_none_behind(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/mine"})
    assert encryption(sqs, queue) == {
        "SqsManagedSseEnabled": "false",
        "KmsMasterKeyId": "alias/mine",
        "KmsDataKeyReusePeriodSeconds": "300",
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": ""})
    assert encryption(sqs, queue) == {"SqsManagedSseEnabled": "false"}


def test_managed_encryption_takes_the_place_of_a_key(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/mine"})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"SqsManagedSseEnabled": "True"})
    assert encryption(sqs, queue) == {"SqsManagedSseEnabled": "true"}


def test_a_key_and_managed_encryption_exclude_each_other(sqs, queue):
    with refused(
        "InvalidAttributeName",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    ):
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "true"}
        )


@pytest.mark.parametrize("value", ["TRUE", "False", "true", "false"])
def test_booleans_come_in_any_case_and_leave_in_lower_case(sqs, queue, value):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"SqsManagedSseEnabled": value})
    assert encryption(sqs, queue) == {"SqsManagedSseEnabled": value.lower()}


@pytest.mark.parametrize("value", ["", "yes", "1"])
def test_other_words_are_no_booleans(sqs, queue, value):
    with refused("InvalidAttributeValue"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"SqsManagedSseEnabled": value})


# What a change does


def test_attributes_given_at_creation_hold(sqs, make_queue):
    queue = make_queue(DelaySeconds=1, VisibilityTimeout=2, MessageRetentionPeriod=120)
    names = ["DelaySeconds", "VisibilityTimeout", "MessageRetentionPeriod"]
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    assert answer["Attributes"] == {"DelaySeconds": "1", "VisibilityTimeout": "2", "MessageRetentionPeriod": "120"}


def test_a_change_moves_the_time_of_the_last_change(sqs, queue):
    created = attribute(sqs, queue, "CreatedTimestamp")

    def changed_later():
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "1"})
        return int(attribute(sqs, queue, "LastModifiedTimestamp")) > int(created)

    eventually(changed_later)
    assert attribute(sqs, queue, "CreatedTimestamp") == created


def test_a_new_visibility_timeout_does_not_touch_messages_in_flight(sqs, queue):
    send(sqs, queue, "hello")
    receive_one(sqs, queue)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    assert receive(sqs, queue) == []
    assert counters(sqs, queue) == (0, 1, 0)


def test_a_new_delay_holds_for_later_messages_only(sqs, queue):
    send(sqs, queue, "before")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "900"})
    send(sqs, queue, "after")
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["before"]
    assert counters(sqs, queue) == (0, 1, 1)


def test_a_new_maximum_size_holds_for_later_messages_only(sqs, queue):
    send(sqs, queue, "x" * 2000)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    with refused("InvalidParameterValueException"):
        send(sqs, queue, "x" * 2000)
    assert receive_one(sqs, queue)["Body"] == "x" * 2000
