"""What a program on boto 2 does with SQS, part by part: natural_job.py URL PART. It uses GET for all but sends."""

import hashlib
import json
import os
import sys
import uuid
from urllib.parse import urlsplit

from boto.exception import SQSError
from boto.sqs.connection import SQSConnection
from boto.sqs.message import MHMessage, RawMessage
from boto.sqs.regioninfo import SQSRegionInfo

url, part = sys.argv[1:]
address = urlsplit(url)
region = SQSRegionInfo(name="us-east-1", endpoint=address.hostname)
sqs = SQSConnection(region=region, port=address.port, is_secure=False)
bodies = json.load(open(os.environ["BODIES"]))


def name():
    return f"boto2-{uuid.uuid4().hex}"


def make_queue():
    queue = sqs.create_queue(name())
    queue.set_message_class(RawMessage)
    return queue


def expect_error(status, code, call, *arguments):
    try:
        call(*arguments)
    except SQSError as error:
        assert (error.status, error.error_code, error.type) == (status, code, "Sender"), error
        assert error.request_id
        return error
    raise AssertionError(f"{arguments} passed, {code} was expected")


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def queues():
    queue_name = name()
    queue = sqs.create_queue(queue_name, visibility_timeout=7)
    assert queue.url == f"{url}/000000000000/{queue_name}"
    assert queue.get_timeout() == 7
    queue.set_timeout(8)
    queue.set_attribute("DelaySeconds", 1)
    attributes = queue.get_attributes()
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("8", "1"), attributes
    assert attributes["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{queue_name}"
    assert sqs.lookup(queue_name).url == queue.url
    assert sqs.lookup(name()) is None
    assert [each.url for each in sqs.get_all_queues(queue_name)] == [queue.url]
    assert sqs.delete_queue(queue)
    assert sqs.get_all_queues(queue_name) == []


def messages():
    queue = make_queue()
    attributes = {
        "color": {"data_type": "String", "string_value": "blue <green> ä"},
        "count": {"data_type": "Number", "string_value": "42"},
        "blob": {"data_type": "Binary", "binary_value": "AAEC/w=="},
    }
    for body in bodies:
        sent = sqs.send_message(queue, body, message_attributes=attributes)
        [message] = queue.get_messages(10, attributes="All", message_attributes=["All"], wait_time_seconds=5)
        assert message.get_body() == body, (message.get_body(), body)
        assert (message.id, message.md5) == (sent.id, md5(body))
        assert message.message_attributes == attributes
        assert message.attributes["ApproximateReceiveCount"] == "1"
        assert queue.delete_message(message)
    assert queue.get_messages() == []

    encoded = sqs.create_queue(name())
    encoded.write(encoded.new_message("\x00 anything, in base64"))
    assert encoded.read().get_body() == "\x00 anything, in base64"
    encoded.set_message_class(MHMessage)
    headers = encoded.new_message()
    headers["subject"] = "Größe"
    encoded.write(headers)
    assert encoded.read()["subject"] == "Größe"


def batches():
    queue = make_queue()
    queue.set_attribute("MaximumMessageSize", 1024)
    entries = [(f"id-{number}", f"{number}é\r", 0) for number in range(9)]
    answer = queue.write_batch([*entries, ("long", "x" * 1025, 0)])
    assert {each["id"]: each["message_md5"] for each in answer.results} == {id: md5(body) for id, body, _ in entries}
    [error] = answer.errors
    assert (error["id"], error["error_code"], error["sender_fault"]) == ("long", "InvalidParameterValue", "true")
    assert queue.count() == 9

    received = queue.get_messages(10)
    assert sorted(message.get_body() for message in received) == [body for _, body, _ in entries]
    # boto 2 reads the failures of this batch and skips the successes.
    assert queue.change_message_visibility_batch([(message, 60) for message in received]).errors == []
    bad = queue.new_message()
    bad.id, bad.receipt_handle = "bad", "made-up"
    answer = queue.delete_message_batch([*received, bad])
    assert len(answer.results) == 9
    [error] = answer.errors
    assert (error["id"], error["error_code"]) == ("bad", "ReceiptHandleIsInvalid")


def visibility():
    queue = make_queue()
    queue.write(queue.new_message("again"))
    message = queue.read(visibility_timeout=60)
    assert queue.read() is None
    message.change_visibility(0)
    [message] = queue.get_messages(attributes=["ApproximateReceiveCount"])
    assert message.attributes == {"ApproximateReceiveCount": "2"}
    queue.write(queue.new_message("delayed"), delay_seconds=900)
    attributes = queue.get_attributes()
    states = ["ApproximateNumberOfMessages" + state for state in ("", "NotVisible", "Delayed")]
    assert [attributes[state] for state in states] == ["0", "1", "1"]
    assert queue.purge()
    attributes = queue.get_attributes()
    assert [attributes[state] for state in states] == ["0", "0", "0"]


def redrive():
    dead, queue = make_queue(), make_queue()
    policy = {"deadLetterTargetArn": dead.get_attributes()["QueueArn"], "maxReceiveCount": 1}
    queue.set_attribute("RedrivePolicy", json.dumps(policy))
    assert json.loads(queue.get_attributes("RedrivePolicy")["RedrivePolicy"]) == policy
    assert [source.url for source in sqs.get_dead_letter_source_queues(dead)] == [queue.url]
    queue.write(queue.new_message("poison\r"))
    assert queue.read(visibility_timeout=0).get_body() == "poison\r"
    assert queue.read() is None
    assert dead.read(wait_time_seconds=5).get_body() == "poison\r"


def permissions():
    queue = make_queue()
    assert queue.add_permission("one", "111111111111", "SendMessage")
    [statement] = json.loads(queue.get_attributes("Policy")["Policy"])["Statement"]
    assert (statement["Sid"], statement["Action"]) == ("one", "SQS:SendMessage")
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    expect_error(400, "InvalidParameterValue", queue.add_permission, "one", "111111111111", "SendMessage")
    assert queue.remove_permission("one")
    assert "Policy" not in queue.get_attributes()


def errors():
    queue = make_queue()
    missing = sqs.create_queue(name())
    sqs.delete_queue(missing)
    error = expect_error(400, "AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, missing, "hello")
    assert error.message == "The specified queue does not exist for this wsdl version."
    expect_error(400, "AWS.SimpleQueueService.QueueDeletedRecently", sqs.create_queue, missing.name)
    expect_error(400, "QueueAlreadyExists", sqs.create_queue, queue.name, 8)
    expect_error(404, "ReceiptHandleIsInvalid", sqs.delete_message_from_handle, queue, "made-up")
    expect_error(400, "InvalidParameterValue", queue.get_messages, 11)
    expect_error(400, "InvalidMessageContents", sqs.send_message, queue, "\x01")
    expect_error(400, "InvalidAttributeName", queue.get_attributes, "Colour")
    expect_error(400, "InvalidAttributeValue", queue.set_attribute, "DelaySeconds", 901)
    expect_error(
        400, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", queue.write_batch, [("a", "x", 0), ("a", "y", 0)]
    )
    queue.purge()
    expect_error(403, "AWS.SimpleQueueService.PurgeQueueInProgress", queue.purge)


globals()[part]()
