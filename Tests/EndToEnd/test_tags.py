"""Tags of queues."""

import pytest

from checks import refused


def tags(sqs, queue):
    return sqs.list_queue_tags(QueueUrl=queue).get("Tags")


def test_a_queue_without_tags_has_no_list_of_them(sqs, queue):
    assert set(sqs.list_queue_tags(QueueUrl=queue)) == {"ResponseMetadata"}


def test_tags_given_at_creation_are_there_at_once(sqs, queue_name):
    queue = sqs.create_queue(QueueName=queue_name, tags={"team": "blue", "Team": "red"})["QueueUrl"]
    assert tags(sqs, queue) == {"team": "blue", "Team": "red"}


def test_a_tag_is_added_or_overwritten(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "blue", "cost": "1"})
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "red", "stage": ""})
    assert tags(sqs, queue) == {"team": "red", "cost": "1", "stage": ""}


def test_tags_are_taken_away_and_unknown_ones_ignored(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "blue", "cost": "1"})
    sqs.untag_queue(QueueUrl=queue, TagKeys=["team", "nothing"])
    assert tags(sqs, queue) == {"cost": "1"}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["cost"])
    assert tags(sqs, queue) is None


@pytest.mark.parametrize(
    "key, value", [("k" * 128, "v"), ("k", "v" * 256), ("ä ö", "_.:/=+-@"), ("naws:", "aws:"), ("数", "٣")]
)
def test_allowed_tags(sqs, queue, key, value):
    sqs.tag_queue(QueueUrl=queue, Tags={key: value})
    assert tags(sqs, queue) == {key: value}


@pytest.mark.parametrize(
    "key, value",
    [("", "v"), ("k" * 129, "v"), ("k", "v" * 257), ("k!", "v"), ("k", "v?"), ("aws:team", "v"), ("AWS:team", "v")],
)
def test_refused_tags(sqs, queue, queue_name, key, value):
    with refused("InvalidParameterValueException"):
        sqs.tag_queue(QueueUrl=queue, Tags={"good": "tag", key: value})
    assert tags(sqs, queue) is None
    with refused("InvalidParameterValueException"):
        sqs.create_queue(QueueName=queue_name, tags={key: value})


def test_a_queue_has_at_most_50_tags(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={f"k{number}": "v" for number in range(50)})
    with refused("InvalidParameterValueException"):
        sqs.tag_queue(QueueUrl=queue, Tags={"one": "more"})
    sqs.tag_queue(QueueUrl=queue, Tags={"k0": "overwritten"})
    assert len(tags(sqs, queue)) == 50


def test_tagging_needs_tags_and_untagging_keys(sqs, queue):
    with refused("MissingRequiredParameterException"):
        sqs.tag_queue(QueueUrl=queue)
    with refused("MissingRequiredParameterException"):
        sqs.untag_queue(QueueUrl=queue)
