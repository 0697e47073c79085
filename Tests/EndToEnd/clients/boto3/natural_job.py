"""What a program on boto3 does with SQS, part by part: natural_job.py URL PART. Runs on today's boto3 and on 1.26."""

import hashlib
import json
import os
import sys
import time
import uuid

import boto3
from botocore.exceptions import ClientError, ParamValidationError

url, part = sys.argv[1:]
sqs = boto3.client("sqs", endpoint_url=url)
resource = boto3.resource("sqs", endpoint_url=url)
bodies = json.load(open(os.environ["BODIES"]))
speaks_json = tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 29)


def name(suffix=""):
    return f"boto3-{uuid.uuid4().hex}{suffix}"


def expect_error(code, exception, call, **parameters):
    """The call fails with this Error.Code and, for errors of the SQS model, this exception class."""
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)
        assert error.response["ResponseMetadata"]["RequestId"]
        if exception is not None:
            assert isinstance(error, getattr(sqs.exceptions, exception)), type(error)
        if speaks_json and exception is not None:
            assert error.response["Error"]["QueryErrorCode"] == exception, error.response
        return error.response["Error"]
    raise AssertionError(f"{parameters} passed, {code} was expected")


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def queues():
    prefix = name()
    names = [f"{prefix}-{number}" for number in range(5)]
    urls = [sqs.create_queue(QueueName=each, Attributes={"VisibilityTimeout": "7"})["QueueUrl"] for each in names]
    assert [sqs.get_queue_url(QueueName=each)["QueueUrl"] for each in names] == urls
    assert sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:4], urls[4:]]

    queue = resource.get_queue_by_name(QueueName=names[0])
    assert queue.attributes["VisibilityTimeout"] == "7"
    assert queue.attributes["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{names[0]}"
    queue.set_attributes(Attributes={"VisibilityTimeout": "8", "DelaySeconds": "1"})
    queue.reload()
    assert (queue.attributes["VisibilityTimeout"], queue.attributes["DelaySeconds"]) == ("8", "1")

    sqs.tag_queue(QueueUrl=urls[0], Tags={"team": "Größe", "empty": ""})
    sqs.untag_queue(QueueUrl=urls[0], TagKeys=["empty", "unknown"])
    assert sqs.list_queue_tags(QueueUrl=urls[0])["Tags"] == {"team": "Größe"}

    for each in resource.queues.filter(QueueNamePrefix=prefix):
        each.delete()
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=prefix)


def messages():
    queue = resource.create_queue(QueueName=name())
    attributes = {
        "color": {"DataType": "String", "StringValue": "blau\r\n<grün>"},
        "count": {"DataType": "Number.int", "StringValue": "42"},
        "blob": {"DataType": "Binary.png", "BinaryValue": bytes(range(256))},
    }
    for body in bodies:
        sent = queue.send_message(MessageBody=body, MessageAttributes=attributes)
        assert sent["MD5OfMessageBody"] == md5(body)
        [message] = queue.receive_messages(
            AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=5, MaxNumberOfMessages=10
        )
        assert message.body == body
        assert message.md5_of_body == md5(body)
        assert message.message_id == sent["MessageId"]
        assert message.message_attributes == attributes
        assert message.meta.data["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
        assert message.attributes["ApproximateReceiveCount"] == "1"
        message.delete()
    assert queue.receive_messages() == []


def batches():
    queue = resource.create_queue(QueueName=name(), Attributes={"MaximumMessageSize": "1024"})
    entries = [{"Id": f"id-{number}", "MessageBody": f"{number}é\r"} for number in range(9)]
    answer = queue.send_messages(Entries=[*entries, {"Id": "long", "MessageBody": "x" * 1025}])
    assert {entry["Id"]: entry["MD5OfMessageBody"] for entry in answer["Successful"]} == {
        entry["Id"]: md5(entry["MessageBody"]) for entry in entries
    }
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("long", "InvalidParameterValue", True)

    received = queue.receive_messages(MaxNumberOfMessages=10)
    assert sorted(message.body for message in received) == [entry["MessageBody"] for entry in entries]
    handles = [{"Id": message.message_id, "ReceiptHandle": message.receipt_handle} for message in received]
    answer = queue.change_message_visibility_batch(Entries=[{**each, "VisibilityTimeout": 60} for each in handles])
    assert len(answer["Successful"]) == 9 and "Failed" not in answer
    answer = queue.delete_messages(Entries=[*handles, {"Id": "bad", "ReceiptHandle": "made-up"}])
    assert len(answer["Successful"]) == 9
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)


def visibility():
    queue = resource.create_queue(QueueName=name())
    queue.send_message(MessageBody="again", DelaySeconds=0)
    [message] = queue.receive_messages()
    assert queue.receive_messages() == []
    message.change_visibility(VisibilityTimeout=0)
    [message] = queue.receive_messages(AttributeNames=["ApproximateReceiveCount"])
    assert message.attributes == {"ApproximateReceiveCount": "2"}
    queue.send_message(MessageBody="delayed", DelaySeconds=900)
    queue.reload()
    states = ["ApproximateNumberOfMessages" + state for state in ("", "NotVisible", "Delayed")]
    assert [queue.attributes[state] for state in states] == ["0", "1", "1"]
    queue.purge()
    queue.reload()
    assert [queue.attributes[state] for state in states] == ["0", "0", "0"]


def fifo():
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = resource.create_queue(QueueName=name(".fifo"), Attributes=attributes)
    first = queue.send_message(MessageBody="1", MessageGroupId="a")
    again = queue.send_message(MessageBody="1", MessageGroupId="a")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    for body, group in [("2", "a"), ("3", "b"), ("4", "a")]:
        queue.send_message(MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"d{body}")

    received = queue.receive_messages(AttributeNames=["All"], MaxNumberOfMessages=10)
    groups = {group: [each.body for each in received if each.attributes["MessageGroupId"] == group] for group in "ab"}
    assert groups == {"a": ["1", "2", "4"], "b": ["3"]}
    numbers = [int(each.attributes["SequenceNumber"]) for each in received]
    assert len(set(numbers)) == 4 and int(first["SequenceNumber"]) == min(numbers)
    by_body = {each.body: each.attributes["MessageDeduplicationId"] for each in received}
    assert by_body == {"1": hashlib.sha256(b"1").hexdigest(), "2": "d2", "3": "d3", "4": "d4"}
    for message in received:
        message.delete()
    assert queue.receive_messages() == []
    expect_error(
        "MissingParameter", None, sqs.send_message, QueueUrl=queue.url, MessageBody="without a group"
    )


def redrive():
    dead = resource.create_queue(QueueName=name())
    policy = {"deadLetterTargetArn": dead.attributes["QueueArn"], "maxReceiveCount": "1"}
    queue = resource.create_queue(QueueName=name(), Attributes={"RedrivePolicy": json.dumps(policy)})
    assert [source.url for source in dead.dead_letter_source_queues.all()] == [queue.url]
    sent = queue.send_message(MessageBody="poison\r")
    [message] = queue.receive_messages(VisibilityTimeout=0)
    assert queue.receive_messages() == []
    [moved] = dead.receive_messages(AttributeNames=["All"], WaitTimeSeconds=5)
    assert (moved.body, moved.message_id) == ("poison\r", sent["MessageId"])
    assert moved.attributes["DeadLetterQueueSourceArn"] == queue.attributes["QueueArn"]


def permissions():
    queue = resource.create_queue(QueueName=name())
    queue.add_permission(Label="one", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
    queue.add_permission(Label="more", AWSAccountIds=["111111111111", "222222222222"], Actions=["*", "ReceiveMessage"])
    queue.reload()
    first, second = json.loads(queue.attributes["Policy"])["Statement"]
    assert (first["Sid"], first["Action"], first["Resource"]) == ("one", "SQS:SendMessage", queue.attributes["QueueArn"])
    assert first["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert (second["Action"], len(second["Principal"]["AWS"])) == (["SQS:*", "SQS:ReceiveMessage"], 2)
    again = {"QueueUrl": queue.url, "Label": "one", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}
    expect_error("InvalidParameterValue", None, sqs.add_permission, **again)
    eight = ["SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"] * 2
    expect_error("OverLimit", "OverLimit", sqs.add_permission, **{**again, "Label": "eight", "Actions": eight})
    for label in ["one", "more"]:
        queue.remove_permission(Label=label)
    expect_error("InvalidParameterValue", None, sqs.remove_permission, QueueUrl=queue.url, Label="one")
    queue.reload()
    assert "Policy" not in queue.attributes


def move_tasks():
    dead = resource.create_queue(QueueName=name())
    source, target = dead.attributes["QueueArn"], resource.create_queue(QueueName=name())
    expect_error("InvalidParameterValue", None, sqs.start_message_move_task, SourceArn=source)
    policy = json.dumps({"deadLetterTargetArn": source, "maxReceiveCount": "1"})
    resource.create_queue(QueueName=name(), Attributes={"RedrivePolicy": policy})
    for body in ["1", "2", "3"]:
        dead.send_message(MessageBody=body)
    arn = target.attributes["QueueArn"]
    handle = sqs.start_message_move_task(SourceArn=source, DestinationArn=arn)["TaskHandle"]
    moved = []
    while len(moved) < 3:
        messages = target.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert messages, moved
        moved += [message.body for message in messages]
    assert sorted(moved) == ["1", "2", "3"]
    deadline = time.monotonic() + 5
    while (task := sqs.list_message_move_tasks(SourceArn=source)["Results"][0])["Status"] == "RUNNING":
        assert time.monotonic() < deadline, task
    assert (task["Status"], task["SourceArn"], task["DestinationArn"]) == ("COMPLETED", source, arn)
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    expect_error("InvalidParameterValue", None, sqs.cancel_message_move_task, TaskHandle=handle)
    expect_error(
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        sqs.list_message_move_tasks,
        SourceArn=source + "-missing",
    )


def errors():
    queue_name = name()
    queue = sqs.create_queue(QueueName=queue_name, Attributes={"DelaySeconds": "5"})["QueueUrl"]
    missing = "AWS.SimpleQueueService.NonExistentQueue"
    expect_error(missing, "QueueDoesNotExist", sqs.get_queue_url, QueueName=name())
    error = expect_error(missing, "QueueDoesNotExist", sqs.send_message, QueueUrl=f"{queue}x", MessageBody="hello")
    text = "The specified queue does not exist"
    assert error["Message"] == text + ("." if speaks_json else " for this wsdl version."), error
    expect_error(
        "QueueAlreadyExists",
        "QueueNameExists",
        sqs.create_queue,
        QueueName=queue_name,
        Attributes={"DelaySeconds": "6"},
    )
    expect_error(
        "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=queue, ReceiptHandle="x"
    )
    expect_error("InvalidParameterValue", None, sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11)
    expect_error("MissingParameter", None, sqs.send_message, QueueUrl=queue, MessageBody="")
    expect_error(
        "InvalidMessageContents", "InvalidMessageContents", sqs.send_message, QueueUrl=queue, MessageBody="\ufffe"
    )
    expect_error(
        "InvalidAttributeName",
        "InvalidAttributeName",
        sqs.get_queue_attributes,
        QueueUrl=queue,
        AttributeNames=["Colour"],
    )
    expect_error(
        "InvalidAttributeValue", None, sqs.set_queue_attributes, QueueUrl=queue, Attributes={"DelaySeconds": "901"}
    )
    batch = "AWS.SimpleQueueService."
    expect_error(
        batch + "EmptyBatchRequest", "EmptyBatchRequest", sqs.send_message_batch, QueueUrl=queue, Entries=[]
    )
    eleven = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    expect_error(
        batch + "TooManyEntriesInBatchRequest",
        "TooManyEntriesInBatchRequest",
        sqs.send_message_batch,
        QueueUrl=queue,
        Entries=eleven,
    )
    expect_error(
        batch + "BatchEntryIdsNotDistinct",
        "BatchEntryIdsNotDistinct",
        sqs.delete_message_batch,
        QueueUrl=queue,
        Entries=[{"Id": "a", "ReceiptHandle": "x"}] * 2,
    )
    sqs.purge_queue(QueueUrl=queue)
    expect_error(batch + "PurgeQueueInProgress", "PurgeQueueInProgress", sqs.purge_queue, QueueUrl=queue)
    sqs.delete_queue(QueueUrl=queue)
    expect_error(batch + "QueueDeletedRecently", "QueueDeletedRecently", sqs.create_queue, QueueName=queue_name)
    try:
        sqs.send_message(QueueUrl=queue)
    except ParamValidationError:
        pass
    else:
        raise AssertionError("boto3 checks parameters by itself")


globals()[part]()
