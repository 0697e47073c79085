"""Creating, finding, listing and deleting queues."""

import json

import pytest

from checks import attribute, receive_one, refused, send
from clients import ACCOUNT, boto_client
from conftest import unique_name

NO_QUEUE = "The specified queue does not exist."


# CreateQueue


def test_create_answers_the_address_of_the_queue(sqs, daemon, queue_name):
    answer = sqs.create_queue(QueueName=queue_name)
    assert answer["QueueUrl"] == f"{daemon.url}/{ACCOUNT}/{queue_name}"


def test_a_new_queue_can_be_used_at_once(sqs, queue):
    send(sqs, queue, "hello")
    assert receive_one(sqs, queue)["Body"] == "hello"


@pytest.mark.parametrize("name", ["a", "-", "_", "0", "Az09-_", "n" * 80])
def test_a_name_has_up_to_80_letters_digits_hyphens_and_underscores(sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url.endswith(f"/{name}")
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("name", ["", "n" * 81, "a b", "a/b", "a.b", "ä", "a\n", "queue.fifo"])
def test_other_names_are_refused(sqs, name):
    with refused("InvalidParameterValueException"):
        sqs.create_queue(QueueName=name)


def test_a_queue_needs_a_name(sqs):
    with refused("InvalidParameterValueException"):
        sqs.create_queue()


def test_names_differ_by_case(sqs, queue_name):
    lower = sqs.create_queue(QueueName=queue_name + "x")["QueueUrl"]
    upper = sqs.create_queue(QueueName=queue_name + "X")["QueueUrl"]
    send(sqs, lower, "for x")
    assert "Messages" not in sqs.receive_message(QueueUrl=upper)


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"VisibilityTimeout": "5"},
        {"DelaySeconds": "0"},
        {"VisibilityTimeout": "5", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0"},
    ],
)
def test_creating_a_queue_again_with_its_own_or_no_settings_answers_the_same_address(sqs, queue_name, again):
    first = sqs.create_queue(QueueName=queue_name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert sqs.create_queue(QueueName=queue_name, Attributes=again)["QueueUrl"] == first
    assert attribute(sqs, first, "VisibilityTimeout") == "5"


@pytest.mark.parametrize(
    "name, value",
    [
        ("VisibilityTimeout", "31"),
        ("DelaySeconds", "1"),
        ("MessageRetentionPeriod", "60"),
        ("MaximumMessageSize", "1024"),
        ("ReceiveMessageWaitTimeSeconds", "1"),
    ],
)
def test_creating_a_queue_again_with_another_setting_is_refused(sqs, queue_name, name, value):
    sqs.create_queue(QueueName=queue_name)
    with refused(
        "QueueNameExists", f"A queue already exists with the same name and a different value for attribute {name}"
    ):
        sqs.create_queue(QueueName=queue_name, Attributes={name: value})


def test_a_queue_is_compared_with_its_settings_of_now_not_those_of_its_creation(sqs, queue_name):
    url = sqs.create_queue(QueueName=queue_name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "6"})
    assert sqs.create_queue(QueueName=queue_name, Attributes={"VisibilityTimeout": "6"})["QueueUrl"] == url
    with refused("QueueNameExists"):
        sqs.create_queue(QueueName=queue_name, Attributes={"VisibilityTimeout": "5"})


def test_a_redrive_allow_policy_is_compared_by_meaning(sqs, queue_name):
    def create(policy):
        return sqs.create_queue(QueueName=queue_name, Attributes={"RedriveAllowPolicy": policy})["QueueUrl"]

    url = sqs.create_queue(QueueName=queue_name)["QueueUrl"]
    # That of a queue without one.
    assert create('{"redrivePermission":"allowAll"}') == url
    with refused("QueueNameExists"):
        create('{"redrivePermission":"denyAll"}')
    arns = [f"arn:aws:sqs:us-east-1:000000000000:{name}" for name in "ab"]
    some, same = (
        json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": order}) for order in (arns, arns[::-1])
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": some})
    assert create(same) == url


def test_a_key_reuse_period_is_compared_also_without_a_key(sqs, queue_name):
    url = sqs.create_queue(QueueName=queue_name)["QueueUrl"]
    assert sqs.create_queue(QueueName=queue_name, Attributes={"KmsDataKeyReusePeriodSeconds": "300"})["QueueUrl"] == url
    with refused("QueueNameExists"):
        sqs.create_queue(QueueName=queue_name, Attributes={"KmsDataKeyReusePeriodSeconds": "600"})


def test_a_redrive_policy_is_compared_by_meaning(sqs, queue, queue_name):
    arn = attribute(sqs, queue, "QueueArn")
    one = f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}'
    same = f'{{ "maxReceiveCount": "3", "deadLetterTargetArn": "{arn}" }}'
    other = f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":4}}'
    url = sqs.create_queue(QueueName=queue_name, Attributes={"RedrivePolicy": one})["QueueUrl"]
    assert sqs.create_queue(QueueName=queue_name, Attributes={"RedrivePolicy": same})["QueueUrl"] == url
    with refused("QueueNameExists"):
        sqs.create_queue(QueueName=queue_name, Attributes={"RedrivePolicy": other})


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
        (
            "DeduplicationScope",
            "queue",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            "FifoThroughputLimit",
            "perQueue",
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
        ("Colour", "blue", "Unknown Attribute Colour."),
    ],
)
def test_a_standard_queue_has_no_such_setting(sqs, queue_name, name, value, message):
    with refused("InvalidAttributeName", message):
        sqs.create_queue(QueueName=queue_name, Attributes={name: value})
    with refused("QueueDoesNotExist"):
        sqs.get_queue_url(QueueName=queue_name)


# GetQueueUrl


def test_the_address_of_a_queue_is_found_by_its_name(sqs, queue):
    assert sqs.get_queue_url(QueueName=queue.rsplit("/")[-1])["QueueUrl"] == queue


def test_a_queue_that_does_not_exist_has_no_address(sqs, queue_name):
    with refused("QueueDoesNotExist", NO_QUEUE):
        sqs.get_queue_url(QueueName=queue_name)


def test_another_account_has_no_queues_here(sqs, queue):
    name = queue.rsplit("/")[-1]
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == queue
    with refused("QueueDoesNotExist", NO_QUEUE):
        sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId="123456789012")


def test_finding_an_address_needs_a_name(sqs):
    with refused("InvalidParameterValueException"):
        sqs.get_queue_url()


# ListQueues


@pytest.fixture
def five_queues(sqs, queue_name):
    """Five queues with a prefix of their own, in the order of their names."""
    return [sqs.create_queue(QueueName=f"{queue_name}-{letter}")["QueueUrl"] for letter in "ABCab"]


def test_queues_are_listed_by_prefix_in_the_order_of_their_names(sqs, queue_name, five_queues):
    answer = sqs.list_queues(QueueNamePrefix=queue_name)
    assert answer["QueueUrls"] == five_queues
    assert "NextToken" not in answer


def test_a_prefix_minds_upper_and_lower_case(sqs, queue_name, five_queues):
    assert sqs.list_queues(QueueNamePrefix=f"{queue_name}-a")["QueueUrls"] == [five_queues[3]]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=queue_name.upper())


@pytest.mark.parametrize("wildcard", ["%", "_", "*", "?"])
def test_a_prefix_has_no_wildcards(sqs, queue_name, five_queues, wildcard):
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=f"{queue_name[:3]}{wildcard}{queue_name[4:]}")


def test_no_queues_means_no_list(sqs, queue_name):
    answer = sqs.list_queues(QueueNamePrefix=queue_name)
    assert set(answer) == {"ResponseMetadata"}


def test_queues_come_in_pages(sqs, queue_name, five_queues):
    pages = [
        page.get("QueueUrls")
        for page in sqs.get_paginator("list_queues").paginate(
            QueueNamePrefix=queue_name, PaginationConfig={"PageSize": 2}
        )
    ]
    assert pages == [five_queues[0:2], five_queues[2:4], five_queues[4:5]]


def test_a_page_that_holds_the_rest_has_no_token(sqs, queue_name, five_queues):
    answer = sqs.list_queues(QueueNamePrefix=queue_name, MaxResults=5)
    assert answer["QueueUrls"] == five_queues
    assert "NextToken" not in answer


def test_paging_goes_on_behind_a_queue_deleted_meanwhile(sqs, queue_name, five_queues):
    first = sqs.list_queues(QueueNamePrefix=queue_name, MaxResults=2)
    sqs.delete_queue(QueueUrl=five_queues[1])
    sqs.delete_queue(QueueUrl=five_queues[2])
    rest = sqs.list_queues(QueueNamePrefix=queue_name, MaxResults=1000, NextToken=first["NextToken"])
    assert rest["QueueUrls"] == five_queues[3:]


@pytest.mark.parametrize("size", [-1, 0, 1001])
def test_a_page_has_1_to_1000_queues(sqs, size):
    with refused("InvalidParameterValueException"):
        sqs.list_queues(MaxResults=size)


def test_a_made_up_token_is_refused(sqs):
    with refused("InvalidParameterValueException"):
        sqs.list_queues(MaxResults=1, NextToken="made up")


def test_a_list_without_pages_ends_at_1000_queues(private_daemon):
    sqs = boto_client(private_daemon)
    urls = [sqs.create_queue(QueueName=f"q{number:04}")["QueueUrl"] for number in range(1001)]
    answer = sqs.list_queues()
    assert answer["QueueUrls"] == urls[:1000]
    assert "NextToken" not in answer


# DeleteQueue


def test_a_deleted_queue_is_gone_with_its_messages(sqs, queue):
    send(sqs, queue, "hello")
    sqs.delete_queue(QueueUrl=queue)
    name = queue.rsplit("/")[-1]
    with refused("QueueDoesNotExist", NO_QUEUE):
        sqs.get_queue_url(QueueName=name)
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name)
    with refused("QueueDoesNotExist", NO_QUEUE):
        sqs.receive_message(QueueUrl=queue)


def test_deleting_a_queue_again_is_refused(sqs, queue):
    sqs.delete_queue(QueueUrl=queue)
    with refused("QueueDoesNotExist", NO_QUEUE):
        sqs.delete_queue(QueueUrl=queue)


def test_a_name_is_blocked_for_60_seconds_after_its_queue_was_deleted(sqs, queue):
    sqs.delete_queue(QueueUrl=queue)
    with refused(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    ):
        sqs.create_queue(QueueName=queue.rsplit("/")[-1])


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("change_message_visibility", {"ReceiptHandle": "h", "VisibilityTimeout": 1}),
        ("change_message_visibility_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "h", "VisibilityTimeout": 1}]}),
        ("delete_message", {"ReceiptHandle": "h"}),
        ("delete_message_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "h"}]}),
        ("delete_queue", {}),
        ("get_queue_attributes", {"AttributeNames": ["All"]}),
        ("list_dead_letter_source_queues", {}),
        ("list_queue_tags", {}),
        ("purge_queue", {}),
        ("receive_message", {}),
        ("receive_message", {"WaitTimeSeconds": 20}),
        ("send_message", {"MessageBody": "b"}),
        ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "b"}]}),
        ("set_queue_attributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("tag_queue", {"Tags": {"k": "v"}}),
        ("untag_queue", {"TagKeys": ["k"]}),
    ],
)
def test_no_action_works_on_a_queue_that_does_not_exist(sqs, daemon, action, parameters):
    with refused("QueueDoesNotExist", NO_QUEUE):
        getattr(sqs, action)(QueueUrl=f"{daemon.url}/{ACCOUNT}/{unique_name()}", **parameters)


@pytest.mark.parametrize("address", [{}, {"QueueUrl": ""}, {"QueueUrl": "!"}, {"QueueUrl": "http://"}])
def test_a_missing_or_odd_address_is_a_queue_that_does_not_exist(sqs, address):
    with refused("QueueDoesNotExist"):
        sqs.send_message(MessageBody="hello", **address)
