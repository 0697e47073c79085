"""AWS CLI v1 of today, which speaks JSON, and Debian's AWS CLI 2.9, which speaks Query."""

import json

import pytest

from checks import counters, md5, receive, receive_one, send
from client_programs import debian_program, environment_program, run
from conftest import unique_name

BODY = "\"quotes\" 'and' \\back\\slashes\\, Grüße \U0001f600, line\nbreaks\r\nand\rcarriage returns\r"


class CLI:
    """`aws sqs`, which prints JSON and ends with a status of its own after a service's error."""

    def __init__(self, version, daemon):
        self.version = version
        self.daemon = daemon
        self.aws = debian_program("/usr/bin/aws") if version == 2 else environment_program("awscli-1", "aws")
        # https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
        self.error_status = 254 if version == 2 else 255

    def __call__(self, action, *arguments, **options):
        output = self.run(action, *arguments, **options)
        return json.loads(output) if output else None

    def run(self, action, *arguments, status=0, **options):
        given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        command = [self.aws, "--endpoint-url", self.daemon.url, "sqs", action, *given, *arguments]
        return run(*command, status=status, AWS_PAGER="")

    def refused(self, code, operation, action, *arguments, **options):
        output = self.run(action, *arguments, status=self.error_status, **options)
        assert f"An error occurred ({code}) when calling the {operation} operation: " in output, output


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def aws(daemon, request):
    return CLI(request.param, daemon)


def test_awscli_makes_finds_changes_and_deletes_queues(aws, daemon, sqs):
    name = unique_name()
    url = aws("create-queue", queue_name=name, attributes="VisibilityTimeout=7,DelaySeconds=1", tags="team=a,empty=")
    assert url == {"QueueUrl": f"{daemon.url}/000000000000/{name}"}
    assert aws("get-queue-url", queue_name=name) == url
    url = url["QueueUrl"]
    assert aws("list-queue-tags", queue_url=url)["Tags"] == {"team": "a", "empty": ""}
    aws("set-queue-attributes", queue_url=url, attributes='{"VisibilityTimeout": "8"}')
    attributes = aws("get-queue-attributes", queue_url=url, attribute_names="All")["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("8", "1")
    assert attributes["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{name}"

    others = [sqs.create_queue(QueueName=f"{name}-{number}")["QueueUrl"] for number in range(2)]
    text = aws.run("list-queues", queue_name_prefix=name, page_size="1", query="QueueUrls[]", output="text")
    assert text.split() == [url, *others]
    aws("delete-queue", queue_url=url)
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == others


def test_awscli_sends_receives_and_deletes_a_message(aws, queue, sqs):
    # v2 takes binary values as base64, v1 as they are.
    blob = "YmxvYg==" if aws.version == 2 else "blob"
    attributes = {
        "color": {"DataType": "String", "StringValue": "blue <ä>\r\n"},
        "count": {"DataType": "Number.int", "StringValue": "42"},
        "blob": {"DataType": "Binary", "BinaryValue": blob},
    }
    sent = aws("send-message", queue_url=queue, message_body=BODY, message_attributes=json.dumps(attributes))
    assert sent["MD5OfMessageBody"] == md5(BODY)
    everything = {"queue_url": queue, "attribute_names": "All", "message_attribute_names": "All"}
    [message] = aws("receive-message", **everything)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], BODY)
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    attributes["blob"]["BinaryValue"] = "YmxvYg=="
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"

    handle = {"queue_url": queue, "receipt_handle": message["ReceiptHandle"]}
    aws("change-message-visibility", visibility_timeout="0", **handle)
    [again] = aws("receive-message", wait_time_seconds="5", **everything)["Messages"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    aws("delete-message", queue_url=queue, receipt_handle=again["ReceiptHandle"])
    assert aws.run("receive-message", queue_url=queue) == ""
    assert counters(sqs, queue) == (0, 0, 0)


def test_awscli_sends_and_deletes_batches(aws, make_queue, sqs, tmp_path):
    queue = make_queue(MaximumMessageSize=1024)
    entries = [{"Id": f"id-{number}", "MessageBody": f"{number}é\r"} for number in range(9)]
    (tmp_path / "entries.json").write_text(json.dumps([*entries, {"Id": "long", "MessageBody": "x" * 1025}]))
    answer = aws("send-message-batch", queue_url=queue, entries=f"file://{tmp_path}/entries.json")
    assert [each["MD5OfMessageBody"] for each in answer["Successful"]] == [md5(each["MessageBody"]) for each in entries]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("long", "InvalidParameterValue")]

    received = aws("receive-message", queue_url=queue, max_number_of_messages="10")["Messages"]
    assert sorted(each["Body"] for each in received) == [each["MessageBody"] for each in entries]
    handles = [f"Id={each['MessageId']},ReceiptHandle={each['ReceiptHandle']}" for each in received]
    answer = aws("delete-message-batch", "--entries", *handles, "Id=bad,ReceiptHandle=made-up", queue_url=queue)
    assert len(answer["Successful"]) == 9
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    assert counters(sqs, queue) == (0, 0, 0)


def test_awscli_uses_a_fifo_queue_with_a_dead_letter_queue(aws, sqs):
    dead = sqs.create_queue(QueueName=unique_name() + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
    }
    queue = aws("create-queue", queue_name=unique_name() + ".fifo", attributes=json.dumps(attributes))["QueueUrl"]
    first = aws("send-message", queue_url=queue, message_body="1", message_group_id="a")
    again = aws("send-message", queue_url=queue, message_body="1", message_group_id="a")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    sqs.send_message(QueueUrl=queue, MessageBody="2", MessageGroupId="a")

    assert receive_one(sqs, queue, VisibilityTimeout=0)["Body"] == "1"
    [message] = aws("receive-message", queue_url=queue, attribute_names="All")["Messages"]
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("2", "a")
    assert receive_one(sqs, dead)["MessageId"] == first["MessageId"]
    sources = aws("list-dead-letter-source-queues", queue_url=dead)
    assert sources["queueUrls"] == [queue]


def test_awscli_purges_a_queue_once_in_a_while(aws, queue, sqs):
    send(sqs, queue, "1", "2")
    aws("purge-queue", queue_url=queue)
    assert receive(sqs, queue) == []
    aws.refused("AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueue", "purge-queue", queue_url=queue)


def test_awscli_shows_the_codes_of_errors(aws, queue):
    name = queue.rsplit("/")[-1]
    missing = "AWS.SimpleQueueService.NonExistentQueue"
    aws.refused(missing, "GetQueueUrl", "get-queue-url", queue_name=f"{name}-missing")
    aws.refused(missing, "SendMessage", "send-message", queue_url=f"{queue}-missing", message_body="hello")
    aws.refused("QueueAlreadyExists", "CreateQueue", "create-queue", queue_name=name, attributes="DelaySeconds=6")
    aws.refused(
        "ReceiptHandleIsInvalid", "DeleteMessage", "delete-message", queue_url=queue, receipt_handle="made-up"
    )
    aws.refused(
        "InvalidParameterValue", "ReceiveMessage", "receive-message", queue_url=queue, max_number_of_messages="11"
    )
    aws.refused(
        "InvalidAttributeValue",
        "SetQueueAttributes",
        "set-queue-attributes",
        queue_url=queue,
        attributes="DelaySeconds=901",
    )
