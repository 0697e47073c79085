"""The JSON protocol byte by byte, with plain HTTP, as clients other than boto3 see it."""

import email.utils
import json
import time
import uuid

import pytest

from checks import assert_error, receive_one
from clients import JSONClient
from conftest import unique_name

NO_QUEUE = b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}'


def assert_standard_headers(answer):
    assert str(uuid.UUID(answer.headers["x-amzn-RequestId"])) == answer.headers["x-amzn-RequestId"]
    sent_at = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(sent_at - time.time()) < 5


@pytest.fixture
def sent(json_client, queue):
    """A receipt handle of a message in the queue."""
    json_client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "hello"})
    return json_client.call("ReceiveMessage", {"QueueUrl": queue}).json["Messages"][0]["ReceiptHandle"]


# Success


def test_a_success_is_json_with_a_request_id_and_a_date(json_client, queue_name):
    answer = json_client.call("CreateQueue", {"QueueName": queue_name})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert set(answer.json) == {"QueueUrl"}
    assert_standard_headers(answer)
    assert "x-amzn-query-error" not in answer.headers


def test_every_request_has_an_id_of_its_own(json_client):
    ids = {json_client.call("ListQueues").headers["x-amzn-RequestId"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("ChangeMessageVisibility", {"VisibilityTimeout": 100}),
        ("DeleteMessage", {}),
        ("DeleteQueue", {}),
        ("PurgeQueue", {}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("TagQueue", {"Tags": {"k": "v"}}),
        ("UntagQueue", {"TagKeys": ["k"]}),
    ],
)
def test_an_action_without_a_result_answers_an_empty_body(json_client, queue, sent, action, parameters):
    answer = json_client.call(action, {"QueueUrl": queue, "ReceiptHandle": sent, **parameters})
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert_standard_headers(answer)


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("ReceiveMessage", {}),
        ("ReceiveMessage", {"WaitTimeSeconds": 1}),
        ("GetQueueAttributes", {}),
        ("GetQueueAttributes", {"AttributeNames": ["RedrivePolicy"]}),
        ("ListQueueTags", {}),
        ("ListDeadLetterSourceQueues", {}),
        ("ListQueues", {"QueueNamePrefix": "there is no such prefix"}),
    ],
)
def test_a_result_with_nothing_in_it_is_an_empty_object(json_client, queue, action, parameters):
    assert json_client.call(action, {"QueueUrl": queue, **parameters}).body == b"{}"


def test_a_batch_without_failures_has_no_list_of_them(json_client, queue):
    entries = [{"Id": "a", "MessageBody": "hello"}]
    answer = json_client.call("SendMessageBatch", {"QueueUrl": queue, "Entries": entries})
    assert set(answer.json) == {"Successful"}


def test_binary_values_are_base64(json_client, queue):
    attributes = {"blob": {"DataType": "Binary", "BinaryValue": "AQID"}}
    json_client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "hello", "MessageAttributes": attributes})
    answer = json_client.call("ReceiveMessage", {"QueueUrl": queue, "MessageAttributeNames": ["All"]})
    assert answer.json["Messages"][0]["MessageAttributes"] == attributes


def test_members_that_are_null_or_unknown_are_ignored(json_client, queue):
    parameters = {"QueueUrl": queue, "MessageBody": "hello", "DelaySeconds": None, "MessageAttributes": None}
    answer = json_client.call("SendMessage", {**parameters, "Color": "blue", "Nested": {"a": [1, {"b": None}]}})
    assert answer.status == 200
    answer = json_client.call("ReceiveMessage", {"QueueUrl": queue, "MessageAttributeNames": None})
    assert len(answer.json["Messages"]) == 1


@pytest.mark.parametrize("body", ["", "{}", " {} \n", "\t{\r\n}"])
def test_a_body_without_members_is_an_empty_object(json_client, body):
    assert json_client.post(body, "ListQueues").status == 200


@pytest.mark.parametrize(
    "content_type", ["application/x-amz-json-1.0; charset=utf-8", "Application/X-Amz-JSON-1.0", "application/json"]
)
def test_parameters_of_the_content_type_do_not_matter(json_client, content_type):
    assert json_client.call("ListQueues", headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("path", ["/", "/000000000000/some-queue", "/anything?x=y"])
def test_an_action_works_on_any_path(json_client, queue, path):
    parameters = {"QueueUrl": queue, "MessageBody": "hello"}
    assert json_client.call("SendMessage", parameters, path=path).status == 200


def test_header_names_come_in_any_case(json_client):
    headers = {"X-Amz-Target": None, "x-AMZ-target": "AmazonSQS.ListQueues"}
    assert json_client.call("ListQueues", headers=headers).status == 200


def test_any_credentials_and_none_will_do(json_client):
    for authorization in ("nonsense", "AWS4-HMAC-SHA256 Credential=x/20260115/us-east-1/s3/aws4_request"):
        assert json_client.call("ListQueues", headers={"Authorization": authorization}).status == 200


# Errors


def test_an_error_of_sqs_byte_by_byte(json_client, queue_name):
    answer = json_client.call("GetQueueUrl", {"QueueName": queue_name})
    assert (answer.status, answer.body) == (400, NO_QUEUE)
    assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert_standard_headers(answer)


def test_an_error_of_the_framework_has_its_own_namespace(json_client, queue):
    answer = json_client.call("SendMessage", {"QueueUrl": queue})
    assert_error(
        answer, "MissingRequiredParameterException", "The request must contain the parameter MessageBody."
    )
    assert answer.json["__type"] == "com.amazon.coral.service#MissingRequiredParameterException"
    assert_standard_headers(answer)


@pytest.mark.parametrize(
    "action",
    [
        "Nothing",
        "sendmessage",
        "",
    ],
)
def test_an_unknown_action_is_refused(json_client, queue, action):
    assert_error(json_client.call(action, {"QueueUrl": queue}), "UnknownOperationException")


@pytest.mark.parametrize("target", ["SendMessage", "AmazonSNS.SendMessage", "AmazonSQS", "AmazonSQS.Send.Message"])
def test_a_target_that_is_not_of_sqs_is_refused(json_client, target):
    assert_error(json_client.post("{}", headers={"X-Amz-Target": target}), "UnknownOperationException")


def test_json_without_a_target_is_refused(json_client):
    assert_error(json_client.post("{}"), "UnknownOperationException")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "}",
        "[",
        "nonsense",
        '{"QueueName"}',
        '{"QueueName":}',
        '{"QueueName":"a",}',
        "{'QueueName':'a'}",
        '{"QueueName":"a"} {}',
        '{"QueueName":"a"}x',
        '{"QueueName":"\\x41"}',
        '{"QueueName":"\\u12"}',
        '{"QueueName":"a',
        '{"QueueName":01}',
        '{"QueueName":NaN}',
        '{"a":' * 100_000,
        "[" * 100_000,
        "\x00",
        b'{"QueueName":"\xff\xfe"}',
        b'{"QueueName":"\xed\xa0\x80"}',
        b'{"QueueName":"\xc0\x80"}',
    ],
    ids=lambda document: repr(document[:24]),
)
def test_malformed_json_is_refused(json_client, document):
    assert_error(json_client.post(document, "CreateQueue"), "SerializationException")


@pytest.mark.parametrize("document", ["[]", '"text"', "1", "true"])
def test_json_that_is_no_object_is_refused(json_client, document):
    assert_error(json_client.post(document, "CreateQueue"), "SerializationException")


@pytest.mark.parametrize(
    "action, parameters",
    [
        ("CreateQueue", {"QueueName": 1}),
        ("CreateQueue", {"QueueName": True}),
        ("CreateQueue", {"QueueName": ["a"]}),
        ("CreateQueue", {"QueueName": {"a": "b"}}),
        ("CreateQueue", {"QueueName": "a", "Attributes": []}),
        ("CreateQueue", {"QueueName": "a", "Attributes": "DelaySeconds"}),
        ("CreateQueue", {"QueueName": "a", "Attributes": {"DelaySeconds": 1}}),
        ("CreateQueue", {"QueueName": "a", "tags": ["a"]}),
        ("ListQueues", {"MaxResults": "1"}),
        ("ListQueues", {"MaxResults": 1.5}),
        ("SendMessage", {"MessageBody": 1}),
        ("SendMessage", {"MessageBody": {"a": "b"}}),
        ("SendMessage", {"MessageBody": "b", "DelaySeconds": "1"}),
        ("SendMessage", {"MessageBody": "b", "DelaySeconds": True}),
        ("SendMessage", {"MessageBody": "b", "DelaySeconds": [1]}),
        ("SendMessage", {"MessageBody": "b", "MessageAttributes": []}),
        ("SendMessage", {"MessageBody": "b", "MessageAttributes": {"a": "b"}}),
        ("SendMessage", {"MessageBody": "b", "MessageAttributes": {"a": {"DataType": 1}}}),
        ("SendMessageBatch", {"Entries": {"Id": "a"}}),
        ("SendMessageBatch", {"Entries": ["a"]}),
        ("ReceiveMessage", {"MaxNumberOfMessages": "1"}),
        ("ReceiveMessage", {"AttributeNames": "All"}),
        ("ReceiveMessage", {"MessageAttributeNames": [1]}),
        ("DeleteMessage", {"ReceiptHandle": 1}),
        ("ChangeMessageVisibility", {"ReceiptHandle": "h", "VisibilityTimeout": "1"}),
        ("TagQueue", {"Tags": ["a"]}),
        ("UntagQueue", {"TagKeys": {"a": "b"}}),
        ("GetQueueUrl", {"QueueName": 1}),
        ("DeleteQueue", {"QueueUrl": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:40],
)
def test_members_of_the_wrong_type_are_refused(json_client, queue, action, parameters):
    assert_error(json_client.call(action, {"QueueUrl": queue, **parameters}), "SerializationException")


@pytest.mark.parametrize(
    "action, good, bad",
    [
        ("SendMessageBatch", {"MessageBody": "b"}, {"MessageBody": "b", "DelaySeconds": "5"}),
        ("SendMessageBatch", {"MessageBody": "b"}, {"MessageBody": "b", "MessageGroupId": 1}),
        ("DeleteMessageBatch", {"ReceiptHandle": "h"}, {"ReceiptHandle": 1}),
        ("ChangeMessageVisibilityBatch", {"ReceiptHandle": "h", "VisibilityTimeout": 1}, {"VisibilityTimeout": "30"}),
    ],
)
def test_in_an_entry_of_a_batch_they_fail_the_whole(json_client, queue, action, good, bad):
    entries = [{"Id": "good", **good}, {"Id": "bad", **good, **bad}]
    answer = json_client.call(action, {"QueueUrl": queue, "Entries": entries})
    assert_error(answer, "SerializationException")
    assert "Messages" not in json_client.call("ReceiveMessage", {"QueueUrl": queue}).json


@pytest.mark.parametrize("value", ["AQI", "A", "!!!!", "AQID\n=", "="])
def test_binary_values_that_are_not_base64_are_refused(json_client, queue, value):
    attributes = {"a": {"DataType": "Binary", "BinaryValue": value}}
    answer = json_client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "b", "MessageAttributes": attributes})
    assert answer.status == 400
    assert_standard_headers(answer)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "99999999999999999999", "9223372036854775808", "1e1"])
def test_huge_numbers_do_no_harm(json_client, queue, number):
    answer = json_client.post(f'{{"QueueUrl":"{queue}","MaxNumberOfMessages":{number}}}', "ReceiveMessage")
    assert answer.status in (200, 400)
    assert json_client.call("ListQueues").status == 200


def test_an_error_leaves_the_connection_open(json_client):
    local_port = None
    for _ in range(3):
        assert_error(json_client.call("Nothing"), "UnknownOperationException")
        port = json_client.connection.sock.getsockname()[1]
        assert local_port in (None, port)
        local_port = port


@pytest.mark.parametrize("path", ["/", "/000000000000/QUEUE"])
@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_a_get_without_an_action_is_an_unknown_operation_in_xml(json_client, queue, path, headers):
    answer = json_client.request("GET", path.replace("QUEUE", queue.rsplit("/")[-1]), headers=headers)
    assert answer.status == 404
    assert b"<UnknownOperationException/>" in answer.body
    assert_standard_headers(answer)


def test_a_message_sent_by_json_is_the_one_boto3_receives(json_client, sqs, queue):
    sent = json_client.call("SendMessage", {"QueueUrl": queue, "MessageBody": "hello"}).json
    assert receive_one(sqs, queue)["MessageId"] == sent["MessageId"]


def test_the_daemon_tells_that_it_is_well(json_client):
    answer = json_client.request("GET", "/health")
    assert answer.status == 200
    assert_standard_headers(answer)


def test_two_clients_see_the_same_queues(daemon, json_client):
    name = unique_name()
    json_client.call("CreateQueue", {"QueueName": name})
    other = JSONClient(daemon)
    assert other.call("GetQueueUrl", {"QueueName": name}).status == 200
    other.close()
