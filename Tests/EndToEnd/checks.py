"""What the tests assert over and over: errors as clients see them, MD5s, counters, and waiting with a deadline."""

import hashlib
import struct
import time
from contextlib import contextmanager

from botocore.exceptions import ClientError

SQS = "com.amazonaws.sqs#"
CORAL = "com.amazon.coral.service#"

# JSON type: (namespace, Query code, HTTP status), the catalogue of errors.
ERRORS = {
    "QueueDoesNotExist": (SQS, "AWS.SimpleQueueService.NonExistentQueue", 400),
    "QueueNameExists": (SQS, "QueueAlreadyExists", 400),
    "QueueDeletedRecently": (SQS, "AWS.SimpleQueueService.QueueDeletedRecently", 400),
    "PurgeQueueInProgress": (SQS, "AWS.SimpleQueueService.PurgeQueueInProgress", 403),
    "ReceiptHandleIsInvalid": (SQS, "ReceiptHandleIsInvalid", 404),
    "InvalidAttributeName": (SQS, "InvalidAttributeName", 400),
    "InvalidAttributeValue": (SQS, "InvalidAttributeValue", 400),
    "InvalidMessageContents": (SQS, "InvalidMessageContents", 400),
    "EmptyBatchRequest": (SQS, "AWS.SimpleQueueService.EmptyBatchRequest", 400),
    "TooManyEntriesInBatchRequest": (SQS, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400),
    "BatchEntryIdsNotDistinct": (SQS, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400),
    "InvalidBatchEntryId": (SQS, "AWS.SimpleQueueService.InvalidBatchEntryId", 400),
    "BatchRequestTooLong": (SQS, "AWS.SimpleQueueService.BatchRequestTooLong", 400),
    "OverLimit": (SQS, "OverLimit", 403),
    "ResourceNotFoundException": (SQS, "ResourceNotFoundException", 404),
    "UnsupportedOperation": (SQS, "AWS.SimpleQueueService.UnsupportedOperation", 400),
    "InvalidParameterValueException": (CORAL, "InvalidParameterValue", 400),
    "MissingRequiredParameterException": (CORAL, "MissingParameter", 400),
    "SerializationException": (CORAL, "MalformedInput", 400),
    "UnknownOperationException": (CORAL, "InvalidAction", 400),
}


@contextmanager
def refused(shape, message=None):
    """The block's boto3 call fails with this error: code, type, status, exception class and, if given, message."""
    namespace, code, status = ERRORS[shape]
    try:
        yield
    except ClientError as error:
        answer = error.response
        seen = (answer["Error"]["Code"], answer["Error"].get("QueryErrorCode"))
        assert seen == (code, shape), answer["Error"]
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
        if namespace == SQS:
            assert type(error).__name__ == shape
        if message is not None:
            assert answer["Error"]["Message"] == message
    else:
        raise AssertionError(f"the call succeeded, {shape} was expected")


def assert_error(answer, shape, message=None):
    """The same for a plain HTTP answer: `__type` with its namespace, `x-amzn-query-error`, status and content type."""
    namespace, code, status = ERRORS[shape]
    assert (answer.status, answer.json["__type"]) == (status, namespace + shape), answer.body
    assert answer.headers["x-amzn-query-error"] == f"{code};Sender"
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert answer.headers.get("x-amzn-errortype", namespace + shape) == namespace + shape
    assert isinstance(answer.json["message"], str)
    if message is not None:
        assert answer.json["message"] == message


def eventually(condition, seconds=5, every=0.02):
    """Asks until the answer is true, and returns it; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(every)
    raise AssertionError(f"still not so after {seconds} s")


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def md5_of_attributes(attributes):
    """The MD5 over message attributes, by the published algorithm."""
    digest = hashlib.md5()

    def add(data):
        digest.update(struct.pack(">I", len(data)) + data)

    for name in sorted(attributes):
        value = attributes[name]
        add(name.encode())
        add(value["DataType"].encode())
        is_binary = value["DataType"].startswith("Binary")
        digest.update(b"\x02" if is_binary else b"\x01")
        add(value["BinaryValue"] if is_binary else value["StringValue"].encode())
    return digest.hexdigest()


def counters(sqs, queue):
    """How many messages are visible, in flight and delayed."""
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)


def attribute(sqs, queue, name):
    """One attribute of a queue, None if it has no value."""
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return answer.get("Attributes", {}).get(name)


def receive(sqs, queue, **options):
    """The messages of one receive, with all their attributes."""
    everything = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    return sqs.receive_message(QueueUrl=queue, **{**everything, **options}).get("Messages", [])


def receive_one(sqs, queue, **options):
    """The one message that a receive gives."""
    messages = receive(sqs, queue, **options)
    assert len(messages) == 1, messages
    return messages[0]


def bodies(messages):
    return [message["Body"] for message in messages]


def send(sqs, queue, *bodies, **options):
    """Sends messages one by one; answers to the last send."""
    for body in bodies:
        answer = sqs.send_message(QueueUrl=queue, MessageBody=body, **options)
    return answer


def text(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


def binary(value, kind="Binary"):
    return {"DataType": kind, "BinaryValue": value}
