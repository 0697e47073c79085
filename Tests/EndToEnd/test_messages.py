"""Sending, receiving and deleting single messages."""

import json
import time
import uuid

import pytest

from checks import assert_error, attribute, bodies, counters, md5, receive, receive_one, refused, send, text

BODY_MD5S = {
    "hello": "5d41402abc4b2a76b9719d911017c592",
    "message": "78e731027d8fd50ed642340b7c9a63b3",
    "msg": "6e2baaf3b97dbeef01c0043275f9a0e7",
    "test": "098f6bcd4621d373cade4e832627b4f6",
    "This is a test message": "fafb00f5732ab283681e124bf8747ed1",
    "Hello, Wörld ✓": "2a2d0e61ff7e200ec80070a9256b836e",
    "\U0001d4b3\n\t": "65f95c503d137896d0377f41ef5d8f94",
}

NO_SUCH_HANDLE = 'The input receipt handle "{}" is not a valid receipt handle.'
OTHER_QUEUES_HANDLE = 'The receipt handle "{}" is not valid for this queue.'


# The whole life of a message


def test_a_message_is_sent_received_and_deleted(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert counters(sqs, queue) == (1, 0, 0)
    message = receive_one(sqs, queue)
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello")
    assert counters(sqs, queue) == (0, 1, 0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert counters(sqs, queue) == (0, 0, 0)
    assert receive(sqs, queue) == []


def test_an_answer_to_a_send_holds_the_id_and_the_md5_and_nothing_else(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert set(sent) == {"ResponseMetadata", "MessageId", "MD5OfMessageBody"}
    assert str(uuid.UUID(sent["MessageId"])) == sent["MessageId"]


def test_a_received_message_has_no_attributes_unless_asked_for(sqs, queue):
    send(sqs, queue, "hello", MessageAttributes={"color": text("blue")})
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert set(message) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_a_receive_of_nothing_has_no_list_of_messages(sqs, queue):
    assert set(sqs.receive_message(QueueUrl=queue)) == {"ResponseMetadata"}


def test_messages_come_in_the_order_they_were_sent(sqs, queue):
    expected = [str(number) for number in range(25)]
    send(sqs, queue, *expected)
    received = [bodies(receive(sqs, queue, MaxNumberOfMessages=10)) for _ in range(4)]
    assert received == [expected[:10], expected[10:20], expected[20:], []]


def test_a_receive_gives_one_message_unless_more_are_asked_for(sqs, queue):
    send(sqs, queue, "1", "2", "3")
    assert bodies(receive(sqs, queue)) == ["1"]
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=2)) == ["2", "3"]


# Bodies


@pytest.mark.parametrize("body", BODY_MD5S)
def test_the_md5_of_a_body_is_given_on_send_and_receive(sqs, queue, body):
    assert send(sqs, queue, body)["MD5OfMessageBody"] == BODY_MD5S[body]
    assert receive_one(sqs, queue)["MD5OfBody"] == BODY_MD5S[body]


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "\t\n\r",
        "a\r\nb\rc\n",
        "\"quotes\" \\back\\slashes\\ 'and' /slashes/",
        "<xml attribute='1'>&amp;</xml>",
        '{"json": ["in", "json"]}',
        "\x7f\x80\x9f",
        "\ud7ff\ue000\ufffd",
        "\U00010000\U0001f600\U0010ffff",
        "e\u0301 is not \u00e9",
        "\ufeffbyte order mark",
        "null",
    ],
)
def test_a_body_comes_back_as_it_was(sqs, queue, body):
    send(sqs, queue, body)
    message = receive_one(sqs, queue)
    assert message["Body"] == body
    assert message["MD5OfBody"] == md5(body)


@pytest.mark.parametrize("character", [*map(chr, range(0x20)), "\ufffe", "\uffff"])
def test_control_characters_and_noncharacters_are_refused(sqs, queue, character):
    if character in "\t\n\r":
        send(sqs, queue, f"a{character}b")
        return
    with refused("InvalidMessageContents"):
        send(sqs, queue, f"a{character}b")
    assert counters(sqs, queue) == (0, 0, 0)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\udc00\\ud800", "a\\ud800b"])
def test_half_a_surrogate_pair_is_refused(json_client, queue, escape):
    answer = json_client.post(f'{{"QueueUrl":"{queue}","MessageBody":"{escape}"}}', "SendMessage")
    assert answer.status == 400
    assert answer.headers["x-amzn-query-error"] in ("InvalidMessageContents;Sender", "MalformedInput;Sender")


@pytest.mark.parametrize("escape", ["\\u00e9", "é", "\\ud83d\\ude00", "😀", "\\/", "/"])
def test_escaped_and_plain_json_are_the_same_body(json_client, sqs, queue, escape):
    document = f'{{"QueueUrl":"{queue}","MessageBody":"{escape}"}}'
    assert json_client.post(document, "SendMessage").status == 200
    assert receive_one(sqs, queue)["Body"] == json.loads(f'"{escape}"')


@pytest.mark.parametrize("body", [{}, {"MessageBody": ""}, {"MessageBody": None}])
def test_a_message_needs_a_body(json_client, queue, body):
    answer = json_client.call("SendMessage", {"QueueUrl": queue, **body})
    assert_error(
        answer, "MissingRequiredParameterException", "The request must contain the parameter MessageBody."
    )


# Size


@pytest.mark.parametrize(
    "body, attributes",
    [
        ("x" * 1024, {}),
        ("é" * 512, {}),
        ("😀" * 256, {}),
        ("x" * (1024 - 15), {"color": text("blue")}),
        ("x" * (1024 - 15 - 4), {"color": text("blue", "String.hue")}),
        ("x" * (1024 - 14), {"blob": {"DataType": "Binary", "BinaryValue": b"1234"}}),
    ],
)
def test_the_maximum_size_counts_bytes_of_body_and_attributes_and_is_inclusive(sqs, make_queue, body, attributes):
    queue = make_queue(MaximumMessageSize=1024)
    send(sqs, queue, body, MessageAttributes=attributes)
    with refused(
        "InvalidParameterValueException",
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
    ):
        send(sqs, queue, body + "x", MessageAttributes=attributes)


def test_system_attributes_are_free(sqs, make_queue):
    queue = make_queue(MaximumMessageSize=1024)
    send(sqs, queue, "x" * 1024, MessageSystemAttributes={"AWSTraceHeader": text("Root=1-5759e988")})
    assert receive_one(sqs, queue)["Body"] == "x" * 1024


@pytest.mark.parametrize("character, width", [("x", 1), ("\x7f", 1), ("é", 2), ("😀", 4)])
def test_a_message_of_one_mebibyte_passes_and_a_byte_more_does_not(sqs, queue, character, width):
    body = character * (1048576 // width)
    assert send(sqs, queue, body)["MD5OfMessageBody"] == md5(body)
    assert receive_one(sqs, queue)["Body"] == body
    with refused(
        "InvalidParameterValueException",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    ):
        send(sqs, queue, body + "x")


# Parameters out of range


@pytest.mark.parametrize("delay", [-1, 901])
def test_a_delay_is_0_to_900_seconds(sqs, queue, delay):
    with refused(
        "InvalidParameterValueException",
        f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
    ):
        send(sqs, queue, "hello", DelaySeconds=delay)


@pytest.mark.parametrize("number", [-1, 0, 11])
def test_a_receive_gives_1_to_10_messages(sqs, queue, number):
    with refused(
        "InvalidParameterValueException",
        f"Value {number} for parameter MaxNumberOfMessages is invalid. "
        "Reason: Must be between 1 and 10, if provided.",
    ):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=number)


@pytest.mark.parametrize("seconds", [-1, 21])
def test_a_receive_waits_0_to_20_seconds(sqs, queue, seconds):
    with refused(
        "InvalidParameterValueException",
        f"Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    ):
        sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=seconds)


@pytest.mark.parametrize("seconds", [-1, 43201])
def test_a_receive_hides_for_0_to_43200_seconds(sqs, queue, seconds):
    with refused("InvalidParameterValueException"):
        sqs.receive_message(QueueUrl=queue, VisibilityTimeout=seconds)


# System attributes


def test_all_system_attributes_of_a_plain_message(sqs, queue):
    before = int(time.time() * 1000)
    send(sqs, queue, "hello")
    attributes = receive_one(sqs, queue)["Attributes"]
    after = int(time.time() * 1000)
    assert set(attributes) == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    }
    sent, received = int(attributes["SentTimestamp"]), int(attributes["ApproximateFirstReceiveTimestamp"])
    assert before <= sent <= received <= after
    assert attributes["ApproximateReceiveCount"] == "1"
    assert attributes["SenderId"]


def test_the_receive_count_rises_and_the_first_receive_stays(sqs, queue):
    send(sqs, queue, "hello")
    attributes = [receive_one(sqs, queue, VisibilityTimeout=0)["Attributes"] for _ in range(3)]
    assert [each["ApproximateReceiveCount"] for each in attributes] == ["1", "2", "3"]
    assert len({each["ApproximateFirstReceiveTimestamp"] for each in attributes}) == 1


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_system_attributes_come_by_name_through_the_old_and_the_new_parameter(sqs, queue, parameter):
    send(sqs, queue, "hello")
    [message] = sqs.receive_message(QueueUrl=queue, **{parameter: ["SentTimestamp"]})["Messages"]
    assert set(message["Attributes"]) == {"SentTimestamp"}


def test_both_lists_of_system_attributes_count(sqs, queue):
    send(sqs, queue, "hello")
    [message] = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["SentTimestamp"], MessageSystemAttributeNames=["SenderId"]
    )["Messages"]
    assert set(message["Attributes"]) == {"SentTimestamp", "SenderId"}


def test_a_system_attribute_that_the_message_has_not_is_skipped(sqs, queue):
    send(sqs, queue, "hello")
    [message] = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["SequenceNumber"])["Messages"]
    assert "Attributes" not in message


@pytest.mark.parametrize(
    "trace, digest",
    [
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "5ae4d5d7636402d80f4eb6d213245a88",
        ),
        ("some-trace-id", "fdce4f2818803f2f73becc09a54792c0"),
    ],
)
def test_a_trace_header_is_handed_on_with_its_md5(sqs, queue, trace, digest):
    sent = send(sqs, queue, "hello", MessageSystemAttributes={"AWSTraceHeader": text(trace)})
    assert sent["MD5OfMessageSystemAttributes"] == digest
    assert "MD5OfMessageAttributes" not in sent
    assert receive_one(sqs, queue)["Attributes"]["AWSTraceHeader"] == trace


def test_a_trace_header_of_the_request_is_handed_on_without_an_md5(json_client, sqs, queue):
    answer = json_client.call(
        "SendMessage", {"QueueUrl": queue, "MessageBody": "hello"}, {"X-Amzn-Trace-Id": "some-trace-id"}
    )
    assert set(answer.json) == {"MessageId", "MD5OfMessageBody"}
    assert receive_one(sqs, queue)["Attributes"]["AWSTraceHeader"] == "some-trace-id"


def test_an_empty_trace_header_of_the_request_is_none(json_client, sqs, queue):
    json_client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "hello"}, {"X-Amzn-Trace-Id": ""})
    assert "AWSTraceHeader" not in receive_one(sqs, queue)["Attributes"]


def test_no_other_system_attribute_can_be_sent(sqs, queue):
    with refused("InvalidParameterValueException"):
        send(sqs, queue, "hello", MessageSystemAttributes={"SenderId": text("me")})


def test_a_message_group_id_on_a_standard_queue_is_handed_on(sqs, queue):
    sent = send(sqs, queue, "hello", MessageGroupId="tenant-1")
    assert "SequenceNumber" not in sent
    attributes = receive_one(sqs, queue)["Attributes"]
    assert attributes["MessageGroupId"] == "tenant-1"
    assert "SequenceNumber" not in attributes


def test_a_message_group_does_not_block_on_a_standard_queue(sqs, queue):
    send(sqs, queue, "1", "2", "3", MessageGroupId="tenant-1")
    assert bodies(receive(sqs, queue)) == ["1"]
    assert sorted(bodies(receive(sqs, queue, MaxNumberOfMessages=10))) == ["2", "3"]


@pytest.mark.parametrize("group", ["g" * 129, "a b", "é"])
def test_a_message_group_id_has_up_to_128_letters_digits_and_punctuation(sqs, queue, group):
    send(sqs, queue, "hello", MessageGroupId="g" * 127 + "~")
    with refused("InvalidParameterValueException"):
        send(sqs, queue, "hello", MessageGroupId=group)


# DeleteMessage


def test_deleting_twice_succeeds(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)


@pytest.mark.parametrize("handle", ["made-up", "x", "ä", "AQEB" * 250, '"quoted"'])
def test_deleting_with_a_made_up_handle_is_refused(sqs, queue, handle):
    with refused("ReceiptHandleIsInvalid", NO_SUCH_HANDLE.format(handle)):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)


def test_a_handle_cannot_be_altered(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    for position in range(len(handle)):
        altered = handle[:position] + ("A" if handle[position] != "A" else "B") + handle[position + 1 :]
        with refused("ReceiptHandleIsInvalid"):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=altered)
    assert counters(sqs, queue) == (0, 1, 0)


def test_a_handle_is_good_for_its_own_queue_only(sqs, queue, make_queue):
    other = make_queue()
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    with refused("ReceiptHandleIsInvalid", OTHER_QUEUES_HANDLE.format(handle)):
        sqs.delete_message(QueueUrl=other, ReceiptHandle=handle)
    with refused("ReceiptHandleIsInvalid", OTHER_QUEUES_HANDLE.format(handle)):
        sqs.change_message_visibility(QueueUrl=other, ReceiptHandle=handle, VisibilityTimeout=0)
    assert counters(sqs, queue) == (0, 1, 0)


@pytest.mark.parametrize("handle", [{}, {"ReceiptHandle": ""}])
def test_deleting_needs_a_handle(sqs, queue, handle):
    with refused(
        "MissingRequiredParameterException", "The request must contain the parameter ReceiptHandle."
    ):
        sqs.delete_message(QueueUrl=queue, **handle)


def test_every_receive_gives_another_handle_of_decent_length(sqs, queue):
    send(sqs, queue, "hello")
    handles = [receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"] for _ in range(5)]
    assert len(set(handles)) == 5
    assert max(map(len, handles)) <= 1024


# PurgeQueue


def test_a_purge_takes_visible_delayed_and_in_flight_messages(sqs, queue):
    send(sqs, queue, "in flight")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    send(sqs, queue, "delayed", DelaySeconds=900)
    send(sqs, queue, "visible")
    assert counters(sqs, queue) == (1, 1, 1)
    sqs.purge_queue(QueueUrl=queue)
    assert counters(sqs, queue) == (0, 0, 0)
    assert receive(sqs, queue) == []
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with refused("InvalidParameterValueException"):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)


def test_a_purge_leaves_what_is_sent_later_and_other_queues_alone(sqs, queue, make_queue):
    other = make_queue()
    send(sqs, other, "other")
    sqs.purge_queue(QueueUrl=queue)
    send(sqs, queue, "later")
    assert receive_one(sqs, queue)["Body"] == "later"
    assert receive_one(sqs, other)["Body"] == "other"


def test_a_queue_is_purged_once_in_60_seconds(sqs, queue):
    sqs.purge_queue(QueueUrl=queue)
    name = queue.rsplit("/")[-1]
    with refused("PurgeQueueInProgress", f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."):
        sqs.purge_queue(QueueUrl=queue)
    assert attribute(sqs, queue, "ApproximateNumberOfMessages") == "0"
