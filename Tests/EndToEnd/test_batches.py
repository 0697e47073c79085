"""The batch actions: what fails as a whole, and what fails alone."""

import pytest

from checks import attribute, bodies, counters, md5, receive, refused, send, text

BAD_ID = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    "It can be at most 80 letters long."
)


def entries(*ids, **members):
    return [{"Id": each, **members} for each in ids]


def ids(answer, outcome):
    return [entry["Id"] for entry in answer.get(outcome, [])]


def received_entries(sqs, queue, *ids):
    """Sends a message for each id, receives them, and gives entries with their receipt handles."""
    send(sqs, queue, *ids)
    messages = receive(sqs, queue, MaxNumberOfMessages=10)
    return [{"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"]} for message in messages]


ACTIONS = {
    "send_message_batch": ("SendMessageBatchRequestEntry", {"MessageBody": "hello"}),
    "delete_message_batch": ("DeleteMessageBatchRequestEntry", {"ReceiptHandle": "made up"}),
    "change_message_visibility_batch": (
        "ChangeMessageVisibilityBatchRequestEntry",
        {"ReceiptHandle": "made up", "VisibilityTimeout": 1},
    ),
}


# What fails as a whole


@pytest.mark.parametrize("action", ACTIONS)
def test_a_batch_is_not_empty(sqs, queue, action):
    with refused("EmptyBatchRequest", f"There should be at least one {ACTIONS[action][0]} in the request."):
        getattr(sqs, action)(QueueUrl=queue, Entries=[])


@pytest.mark.parametrize("action", ACTIONS)
def test_a_batch_needs_entries(sqs, queue, action):
    with refused("MissingRequiredParameterException"):
        getattr(sqs, action)(QueueUrl=queue)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_batch_has_at_most_10_entries(sqs, queue, action):
    with refused(
        "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."
    ):
        getattr(sqs, action)(QueueUrl=queue, Entries=entries(*map(str, range(11)), **ACTIONS[action][1]))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("bad", ["", "a b", "a.b", "ä", "i" * 81])
def test_an_entry_id_has_up_to_80_letters_digits_hyphens_and_underscores(sqs, queue, action, bad):
    with refused("InvalidBatchEntryId", BAD_ID):
        getattr(sqs, action)(QueueUrl=queue, Entries=entries("Az09-_", bad, **ACTIONS[action][1]))


@pytest.mark.parametrize("action", ACTIONS)
def test_entry_ids_are_distinct(sqs, queue, action):
    with refused("BatchEntryIdsNotDistinct", "Id b repeated."):
        getattr(sqs, action)(QueueUrl=queue, Entries=entries("a", "b", "c", "b", "a", **ACTIONS[action][1]))


def test_a_batch_that_fails_as_a_whole_sends_nothing(sqs, queue):
    for bad in (entries("a", "a", MessageBody="b"), entries("a", "!", MessageBody="b")):
        with pytest.raises(sqs.exceptions.ClientError):
            sqs.send_message_batch(QueueUrl=queue, Entries=bad)
    assert counters(sqs, queue) == (0, 0, 0)


def test_a_batch_of_one_mebibyte_passes_and_a_byte_more_fails_as_a_whole(sqs, queue):
    batch = entries("a", "b", MessageBody="x" * 524288)
    assert ids(sqs.send_message_batch(QueueUrl=queue, Entries=batch), "Successful") == ["a", "b"]
    batch[1]["MessageBody"] += "x"
    with refused(
        "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    ):
        sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    assert counters(sqs, queue) == (2, 0, 0)


def test_the_size_of_a_batch_counts_attributes(sqs, queue):
    batch = entries("a", "b", MessageBody="x" * (524288 - 15), MessageAttributes={"color": text("blue")})
    assert ids(sqs.send_message_batch(QueueUrl=queue, Entries=batch), "Successful") == ["a", "b"]
    batch[0]["MessageBody"] += "x"
    with refused("BatchRequestTooLong"):
        sqs.send_message_batch(QueueUrl=queue, Entries=batch)


def test_the_size_of_a_batch_does_not_mind_the_limit_of_the_queue(sqs, make_queue):
    queue = make_queue(MaximumMessageSize=1024)
    batch = entries(*map(str, range(10)), MessageBody="x" * 1024)
    assert len(ids(sqs.send_message_batch(QueueUrl=queue, Entries=batch), "Successful")) == 10


# SendMessageBatch


def test_ten_messages_are_sent_and_answered_in_the_order_of_the_entries(sqs, queue):
    batch = [{"Id": f"id-{number}", "MessageBody": f"body {number}"} for number in range(10)]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    assert "Failed" not in answer
    assert ids(answer, "Successful") == [entry["Id"] for entry in batch]
    assert [each["MD5OfMessageBody"] for each in answer["Successful"]] == [md5(each["MessageBody"]) for each in batch]
    assert set(answer["Successful"][0]) == {"Id", "MessageId", "MD5OfMessageBody"}
    messages = receive(sqs, queue, MaxNumberOfMessages=10)
    assert bodies(messages) == [entry["MessageBody"] for entry in batch]
    assert [each["MessageId"] for each in messages] == [each["MessageId"] for each in answer["Successful"]]


def test_every_entry_has_its_own_attributes_delay_and_group(sqs, queue):
    answer = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "a", "MessageBody": "delayed", "DelaySeconds": 900},
            {"Id": "b", "MessageBody": "colored", "MessageAttributes": {"color": text("blue")}},
            {
                "Id": "c",
                "MessageBody": "traced",
                "MessageGroupId": "g",
                "MessageSystemAttributes": {"AWSTraceHeader": text("some-trace-id")},
            },
        ],
    )
    assert answer["Successful"][1]["MD5OfMessageAttributes"] == "da1b33cc3cbfe8b1630921e78e6b9880"
    assert answer["Successful"][2]["MD5OfMessageSystemAttributes"] == "fdce4f2818803f2f73becc09a54792c0"
    assert counters(sqs, queue) == (2, 0, 1)
    colored, traced = sorted(receive(sqs, queue, MaxNumberOfMessages=10), key=lambda message: message["Body"])
    assert colored["MessageAttributes"] == {"color": text("blue")}
    assert traced["Attributes"]["AWSTraceHeader"] == "some-trace-id"
    assert traced["Attributes"]["MessageGroupId"] == "g"


@pytest.mark.parametrize(
    "bad, code, message",
    [
        ({"MessageBody": "a\x01b"}, "InvalidMessageContents", None),
        (
            {"MessageBody": "x" * 1025},
            "InvalidParameterValue",
            "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        ),
        ({}, "MissingParameter", None),
        ({"MessageBody": ""}, "MissingParameter", None),
        ({"MessageBody": "b", "DelaySeconds": 901}, "InvalidParameterValue", None),
        ({"MessageBody": "b", "MessageAttributes": {"a": text("ten", "Number")}}, "InvalidParameterValue", None),
        (
            {"MessageBody": "b", "MessageAttributes": {"a": {"DataType": "String", "StringListValues": ["v"]}}},
            "AWS.SimpleQueueService.UnsupportedOperation",
            None,
        ),
    ],
)
def test_a_bad_message_fails_alone(sqs, make_queue, bad, code, message):
    queue = make_queue(MaximumMessageSize=1024)
    answer = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": "a", "MessageBody": "first"}, {"Id": "b", **bad}, {"Id": "c", "MessageBody": "last"}],
    )
    assert ids(answer, "Successful") == ["a", "c"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("b", code, True)
    assert message in (None, failed["Message"])
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["first", "last"]


def test_when_every_entry_fails_nothing_is_successful(sqs, queue):
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries("a", "b", MessageBody="\x01"))
    assert "Successful" not in answer
    assert ids(answer, "Failed") == ["a", "b"]


# DeleteMessageBatch


def test_messages_are_deleted_together_and_a_made_up_handle_fails_alone(sqs, queue):
    batch = received_entries(sqs, queue, "a", "b", "c")
    made_up = {"Id": "made-up", "ReceiptHandle": "made up"}
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=[batch[0], made_up, batch[1]])
    assert ids(answer, "Successful") == ["a", "b"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("made-up", "ReceiptHandleIsInvalid", True)
    assert counters(sqs, queue) == (0, 1, 0)
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=batch)
    assert ids(answer, "Successful") == ["a", "b", "c"]
    assert "Failed" not in answer
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == "0"


def test_deleting_in_a_batch_needs_a_handle(sqs, queue):
    [good] = received_entries(sqs, queue, "a")
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "none"}, good])
    assert ids(answer, "Successful") == ["a"]
    assert [(failed["Id"], failed["Code"]) for failed in answer["Failed"]] == [("none", "MissingParameter")]


# ChangeMessageVisibilityBatch


def test_visibility_is_changed_together_and_bad_entries_fail_alone(sqs, queue):
    batch = received_entries(sqs, queue, "a", "b", "c", "d")
    changes = [
        {**batch[0], "VisibilityTimeout": 0},
        {**batch[1], "VisibilityTimeout": 43201},
        {**batch[2]},
        {**batch[3], "VisibilityTimeout": 100},
        {"Id": "made-up", "ReceiptHandle": "made up", "VisibilityTimeout": 0},
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=changes)
    assert ids(answer, "Successful") == ["a", "d"]
    assert [(failed["Id"], failed["Code"], failed["SenderFault"]) for failed in answer["Failed"]] == [
        ("b", "InvalidParameterValue", True),
        ("c", "MissingParameter", True),
        ("made-up", "ReceiptHandleIsInvalid", True),
    ]
    assert counters(sqs, queue) == (1, 3, 0)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["a"]
