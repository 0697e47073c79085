"""The Query protocol byte by byte: every action by GET and POST, on `/` and on the queue's path, and its errors."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlencode, urlsplit

import pytest

from checks import attribute, bodies, counters, eventually, md5, receive, receive_one, send, text
from clients import ACCOUNT, REGION
from conftest import unique_name

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
FORM = "application/x-www-form-urlencoded"
NO_QUEUE = "The specified queue does not exist for this wsdl version."
NO_BODY = "The request must contain the parameter MessageBody."
HANDLE_OF_NOTHING = "made-up"


class Form:
    """Sends form-encoded requests: by GET or POST, and names the queue by a parameter or by the path."""

    def __init__(self, http, method="POST", on_queue_path=False):
        self.http = http
        self.method = method
        self.on_queue_path = on_queue_path

    def call(self, action, queue=None, parameters=None):
        pairs = {"Action": action, "Version": "2012-11-05", **(parameters or {})}
        path = "/"
        if queue is not None and self.on_queue_path:
            path = urlsplit(queue).path
        elif queue is not None:
            pairs["QueueUrl"] = queue
        return self.send(path, urlencode(pairs))

    def send(self, path, pairs):
        if self.method == "GET":
            return self.http.request("GET", f"{path}?{pairs}")
        return self.http.request("POST", path, pairs, {"Content-Type": FORM + "; charset=utf-8"})


@pytest.fixture(params=["POST", "GET"])
def root_form(request, json_client):
    """Both methods, on `/`."""
    return Form(json_client, request.param)


@pytest.fixture(params=["POST /", "GET /", "POST /queue", "GET /queue"])
def form(request, json_client):
    """Both methods, on both paths."""
    method, path = request.param.split()
    return Form(json_client, method, on_queue_path=path == "/queue")


@pytest.fixture
def post(json_client):
    """By POST, on `/`."""
    return Form(json_client)


def assert_golden(answer, action, result=None):
    """The whole answer, byte by byte. `result` is what stands in the Result element; None: there is no such element."""
    element = ""
    if result is not None:
        element = f"<{action}Result>{result}</{action}Result>" if result else f"<{action}Result/>"
    id = answer.headers["x-amzn-RequestId"]
    expected = (
        f'<?xml version="1.0"?><{action}Response xmlns="{NAMESPACE}">{element}'
        f"<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    )
    assert (answer.status, answer.body.decode()) == (200, expected)
    assert answer.headers["Content-Type"] == "text/xml"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id)


def assert_refused(answer, status, code, message):
    """The whole error, byte by byte."""
    id = answer.headers["x-amzn-RequestId"]
    expected = (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message><Detail/></Error><RequestId>{id}</RequestId></ErrorResponse>"
    )
    assert (answer.status, answer.body.decode()) == (status, expected)
    assert answer.headers["Content-Type"] == "text/xml"


def values(answer, name):
    """The texts of all elements of that name."""
    assert answer.status == 200, answer.body
    return [element.text or "" for element in ElementTree.fromstring(answer.body).iter(f"{{{NAMESPACE}}}{name}")]


def value(answer, name):
    [text] = values(answer, name)
    return text


def element(name, *content):
    return f"<{name}>{''.join(map(str, content))}</{name}>"


# Every action


def test_add_permission(form, sqs, queue):
    parameters = {
        "Label": "label",
        "AWSAccountId.1": "111111111111",
        "ActionName.1": "SendMessage",
        "ActionName.2": "*",
    }
    assert_golden(form.call("AddPermission", queue, parameters), "AddPermission")
    [statement] = json.loads(attribute(sqs, queue, "Policy"))["Statement"]
    assert (statement["Sid"], statement["Action"]) == ("label", ["SQS:SendMessage", "SQS:*"])


def test_remove_permission(form, sqs, queue):
    sqs.add_permission(QueueUrl=queue, Label="label", AWSAccountIds=["111111111111"], Actions=["*"])
    assert_golden(form.call("RemovePermission", queue, {"Label": "label"}), "RemovePermission")
    assert attribute(sqs, queue, "Policy") is None


@pytest.fixture
def dead_letters(sqs, make_queue):
    """A dead-letter queue with two messages, and another queue."""
    dead, other = make_queue(), make_queue()
    policy = json.dumps({"deadLetterTargetArn": attribute(sqs, dead, "QueueArn"), "maxReceiveCount": 1})
    make_queue(RedrivePolicy=policy)
    send(sqs, dead, "1", "2")
    return dead, other


def arn(queue):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rsplit('/')[-1]}"


def test_the_three_actions_of_message_move_tasks(root_form, sqs, dead_letters):
    dead, other = dead_letters
    parameters = {"SourceArn": arn(dead), "DestinationArn": arn(other), "MaxNumberOfMessagesPerSecond": 1}
    answer = root_form.call("StartMessageMoveTask", None, parameters)
    handle = value(answer, "TaskHandle")
    assert json.loads(base64.b64decode(handle))["sourceArn"] == arn(dead)
    assert_golden(answer, "StartMessageMoveTask", element("TaskHandle", handle))
    eventually(lambda: counters(sqs, other) == (1, 0, 0))
    answer = root_form.call("CancelMessageMoveTask", None, {"TaskHandle": handle})
    assert_golden(answer, "CancelMessageMoveTask", element("ApproximateNumberOfMessagesMoved", 1))
    answer = root_form.call("ListMessageMoveTasks", None, {"SourceArn": arn(dead), "MaxResults": 10})
    entry = (
        element("Status", "CANCELLED"),
        element("SourceArn", arn(dead)),
        element("DestinationArn", arn(other)),
        element("MaxNumberOfMessagesPerSecond", 1),
        element("ApproximateNumberOfMessagesMoved", 1),
        element("ApproximateNumberOfMessagesToMove", 2),
        element("StartedTimestamp", value(answer, "StartedTimestamp")),
    )
    assert_golden(answer, "ListMessageMoveTasks", element("ListMessageMoveTasksResultEntry", *entry))


@pytest.fixture
def handle(sqs, queue):
    """The receipt handle of a message in flight."""
    send(sqs, queue, "hello")
    return receive_one(sqs, queue)["ReceiptHandle"]


def test_change_message_visibility(form, sqs, queue, handle):
    parameters = {"ReceiptHandle": handle, "VisibilityTimeout": 0}
    assert_golden(form.call("ChangeMessageVisibility", queue, parameters), "ChangeMessageVisibility")
    assert counters(sqs, queue) == (1, 0, 0)


BAD_HANDLE_ENTRY = element(
    "BatchResultErrorEntry",
    element("Id", "bad"),
    element("SenderFault", "true"),
    element("Code", "ReceiptHandleIsInvalid"),
    element("Message", f"The input receipt handle &quot;{HANDLE_OF_NOTHING}&quot; is not a valid receipt handle."),
)


def test_change_message_visibility_batch(form, sqs, queue, handle):
    name = "ChangeMessageVisibilityBatchRequestEntry"
    answer = form.call(
        "ChangeMessageVisibilityBatch",
        queue,
        {
            f"{name}.1.Id": "good",
            f"{name}.1.ReceiptHandle": handle,
            f"{name}.1.VisibilityTimeout": 0,
            f"{name}.2.Id": "bad",
            f"{name}.2.ReceiptHandle": HANDLE_OF_NOTHING,
            f"{name}.2.VisibilityTimeout": 0,
        },
    )
    good = element("ChangeMessageVisibilityBatchResultEntry", element("Id", "good"))
    assert_golden(answer, "ChangeMessageVisibilityBatch", good + BAD_HANDLE_ENTRY)
    assert counters(sqs, queue) == (1, 0, 0)


def test_create_queue(root_form, sqs, daemon, queue_name):
    answer = root_form.call(
        "CreateQueue",
        None,
        {
            "QueueName": queue_name,
            "Attribute.1.Name": "VisibilityTimeout",
            "Attribute.1.Value": "7",
            "Attribute.2.Name": "DelaySeconds",
            "Attribute.2.Value": "8",
            "Tag.1.Key": "team",
            "Tag.1.Value": "blue",
            "Tag.2.Key": "empty",
            "Tag.2.Value": "",
        },
    )
    url = f"{daemon.url}/{ACCOUNT}/{queue_name}"
    assert_golden(answer, "CreateQueue", element("QueueUrl", url))
    assert [attribute(sqs, url, name) for name in ("VisibilityTimeout", "DelaySeconds")] == ["7", "8"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "blue", "empty": ""}


def test_delete_message(form, sqs, queue, handle):
    assert_golden(form.call("DeleteMessage", queue, {"ReceiptHandle": handle}), "DeleteMessage")
    assert counters(sqs, queue) == (0, 0, 0)


def test_delete_message_batch(form, sqs, queue, handle):
    name = "DeleteMessageBatchRequestEntry"
    answer = form.call(
        "DeleteMessageBatch",
        queue,
        {
            f"{name}.1.Id": "bad",
            f"{name}.1.ReceiptHandle": HANDLE_OF_NOTHING,
            f"{name}.2.Id": "good",
            f"{name}.2.ReceiptHandle": handle,
        },
    )
    good = element("DeleteMessageBatchResultEntry", element("Id", "good"))
    assert_golden(answer, "DeleteMessageBatch", good + BAD_HANDLE_ENTRY)
    assert counters(sqs, queue) == (0, 0, 0)


def test_delete_queue(form, sqs, queue):
    assert_golden(form.call("DeleteQueue", queue), "DeleteQueue")
    assert_refused(form.call("DeleteQueue", queue), 400, "AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE)


def test_get_queue_attributes(form, queue):
    answer = form.call(
        "GetQueueAttributes", queue, {"AttributeName.1": "QueueArn", "AttributeName.2": "VisibilityTimeout"}
    )
    expected = {"QueueArn": arn(queue), "VisibilityTimeout": "30"}
    assert dict(zip(values(answer, "Name"), values(answer, "Value"))) == expected
    names = values(answer, "Name")
    attributes = [element("Attribute", element("Name", name), element("Value", expected[name])) for name in names]
    assert_golden(answer, "GetQueueAttributes", "".join(attributes))


def test_get_queue_attributes_with_nothing_to_tell(form, queue):
    assert_golden(form.call("GetQueueAttributes", queue), "GetQueueAttributes", "")
    answer = form.call("GetQueueAttributes", queue, {"AttributeName.1": "Policy"})
    assert_golden(answer, "GetQueueAttributes", "")


def test_get_queue_url(form, queue, make_queue):
    # On a queue's path too it finds any queue.
    wanted = make_queue()
    answer = form.call("GetQueueUrl", queue, {"QueueName": wanted.rsplit("/")[-1]})
    assert_golden(answer, "GetQueueUrl", element("QueueUrl", wanted))


def test_list_dead_letter_source_queues(form, sqs, queue, make_queue):
    assert_golden(form.call("ListDeadLetterSourceQueues", queue), "ListDeadLetterSourceQueues", "")
    policy = json.dumps({"deadLetterTargetArn": arn(queue), "maxReceiveCount": 1})
    sources = [make_queue(RedrivePolicy=policy) for _ in range(2)]
    answer = form.call("ListDeadLetterSourceQueues", queue)
    assert sorted(values(answer, "QueueUrl")) == sorted(sources)
    urls = "".join(element("QueueUrl", url) for url in values(answer, "QueueUrl"))
    assert_golden(answer, "ListDeadLetterSourceQueues", urls)
    first = form.call("ListDeadLetterSourceQueues", queue, {"MaxResults": 1})
    token = {"MaxResults": 1, "NextToken": value(first, "NextToken")}
    second = form.call("ListDeadLetterSourceQueues", queue, token)
    assert values(first, "QueueUrl") + values(second, "QueueUrl") == values(answer, "QueueUrl")
    assert values(second, "NextToken") == []


def test_list_queues(root_form, sqs, queue_name):
    assert_golden(root_form.call("ListQueues", None, {"QueueNamePrefix": queue_name}), "ListQueues", "")
    urls = [sqs.create_queue(QueueName=queue_name + letter)["QueueUrl"] for letter in "abc"]
    answer = root_form.call("ListQueues", None, {"QueueNamePrefix": queue_name})
    assert_golden(answer, "ListQueues", "".join(element("QueueUrl", url) for url in urls))
    page = {"QueueNamePrefix": queue_name, "MaxResults": 2}
    first = root_form.call("ListQueues", None, page)
    second = root_form.call("ListQueues", None, {**page, "NextToken": value(first, "NextToken")})
    assert (values(first, "QueueUrl"), values(second, "QueueUrl")) == (urls[:2], urls[2:])


def test_tag_queue(form, sqs, queue):
    tags = {"Tag.1.Key": "team", "Tag.1.Value": "blue + red", "Tag.2.Key": "stage", "Tag.2.Value": ""}
    assert_golden(form.call("TagQueue", queue, tags), "TagQueue")
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "blue + red", "stage": ""}


def test_list_queue_tags(form, sqs, queue):
    assert_golden(form.call("ListQueueTags", queue), "ListQueueTags", "")
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "blue", "stage": ""})
    answer = form.call("ListQueueTags", queue)
    tags = dict(zip(values(answer, "Key"), values(answer, "Value")))
    assert tags == {"team": "blue", "stage": ""}
    assert_golden(
        answer,
        "ListQueueTags",
        "".join(element("Tag", element("Key", key), element("Value", tags[key])) for key in tags),
    )


def test_untag_queue(form, sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={"a": "1", "b": "2", "c": "3"})
    assert_golden(form.call("UntagQueue", queue, {"TagKey.1": "a", "TagKey.2": "c"}), "UntagQueue")
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"b": "2"}


def test_purge_queue(form, sqs, queue):
    send(sqs, queue, "hello")
    assert_golden(form.call("PurgeQueue", queue), "PurgeQueue")
    assert counters(sqs, queue) == (0, 0, 0)
    name = queue.rsplit("/")[-1]
    message = f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."
    assert_refused(form.call("PurgeQueue", queue), 403, "AWS.SimpleQueueService.PurgeQueueInProgress", message)


def test_set_queue_attributes(form, sqs, queue):
    parameters = {
        "Attribute.1.Name": "DelaySeconds",
        "Attribute.1.Value": "3",
        "Attribute.2.Name": "Policy",
        "Attribute.2.Value": "",
    }
    assert_golden(form.call("SetQueueAttributes", queue, parameters), "SetQueueAttributes")
    assert attribute(sqs, queue, "DelaySeconds") == "3"


COLOR = {
    "MessageAttribute.1.Name": "color",
    "MessageAttribute.1.Value.DataType": "String",
    "MessageAttribute.1.Value.StringValue": "blue",
}
TRACE = {
    "MessageSystemAttribute.1.Name": "AWSTraceHeader",
    "MessageSystemAttribute.1.Value.DataType": "String",
    "MessageSystemAttribute.1.Value.StringValue": "some-trace-id",
}
COLOR_MD5 = element("MD5OfMessageAttributes", "da1b33cc3cbfe8b1630921e78e6b9880")
TRACE_MD5 = element("MD5OfMessageSystemAttributes", "fdce4f2818803f2f73becc09a54792c0")
HELLO_MD5 = element("MD5OfMessageBody", md5("hello"))


def test_send_message(form, sqs, queue):
    answer = form.call("SendMessage", queue, {"MessageBody": "hello", "DelaySeconds": 0, **COLOR, **TRACE})
    id = element("MessageId", value(answer, "MessageId"))
    assert_golden(answer, "SendMessage", HELLO_MD5 + COLOR_MD5 + TRACE_MD5 + id)
    message = receive_one(sqs, queue)
    assert message["MessageId"] == value(answer, "MessageId")
    assert message["MessageAttributes"] == {"color": text("blue")}
    assert message["Attributes"]["AWSTraceHeader"] == "some-trace-id"


@pytest.fixture
def fifo(sqs):
    return sqs.create_queue(QueueName=unique_name() + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def test_send_message_to_a_fifo_queue(form, sqs, fifo):
    ids = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    answer = form.call("SendMessage", fifo, {"MessageBody": "hello", **ids})
    id, number = value(answer, "MessageId"), value(answer, "SequenceNumber")
    assert_golden(answer, "SendMessage", HELLO_MD5 + element("MessageId", id) + element("SequenceNumber", number))
    again = form.call("SendMessage", fifo, {"MessageBody": "hello", **ids})
    assert (value(again, "MessageId"), value(again, "SequenceNumber")) == (id, number)
    assert len(number) == 20


def test_send_message_batch(form, sqs, queue):
    name = "SendMessageBatchRequestEntry"
    answer = form.call(
        "SendMessageBatch",
        queue,
        {
            f"{name}.1.Id": "a",
            f"{name}.1.MessageBody": "hello",
            **{f"{name}.1.{key}": each for key, each in {**COLOR, **TRACE}.items()},
            f"{name}.2.Id": "b",
            f"{name}.2.MessageBody": "\x01",
            f"{name}.3.Id": "c",
            f"{name}.3.MessageBody": "hello",
            f"{name}.3.DelaySeconds": 900,
        },
    )
    first, third = values(answer, "MessageId")
    result_entry = "SendMessageBatchResultEntry"
    failed = element(
        "BatchResultErrorEntry",
        element("Id", "b"),
        element("SenderFault", "true"),
        element("Code", "InvalidMessageContents"),
        element("Message", value(answer, "Message")),
    )
    digests = HELLO_MD5 + COLOR_MD5 + TRACE_MD5
    assert_golden(
        answer,
        "SendMessageBatch",
        element(result_entry, element("Id", "a"), digests, element("MessageId", first))
        + element(result_entry, element("Id", "c"), HELLO_MD5, element("MessageId", third))
        + failed,
    )
    assert counters(sqs, queue) == (1, 0, 1)


def test_receive_message(form, sqs, queue):
    sent = send(
        sqs,
        queue,
        "hello",
        MessageAttributes={"color": text("blue"), "blob": {"DataType": "Binary.x", "BinaryValue": b"\x01\x02\x03"}},
    )
    answer = form.call(
        "ReceiveMessage",
        queue,
        {
            "AttributeName.1": "ApproximateReceiveCount",
            "MessageAttributeName.1": "All",
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 100,
            "WaitTimeSeconds": 0,
        },
    )
    assert_golden(
        answer,
        "ReceiveMessage",
        element(
            "Message",
            element("MessageId", sent["MessageId"]),
            element("ReceiptHandle", value(answer, "ReceiptHandle")),
            element("MD5OfBody", md5("hello")),
            element("Body", "hello"),
            element("Attribute", element("Name", "ApproximateReceiveCount"), element("Value", "1")),
            element("MD5OfMessageAttributes", sent["MD5OfMessageAttributes"]),
            element(
                "MessageAttribute",
                element("Name", "blob"),
                element("Value", element("BinaryValue", "AQID"), element("DataType", "Binary.x")),
            ),
            element(
                "MessageAttribute",
                element("Name", "color"),
                element("Value", element("StringValue", "blue"), element("DataType", "String")),
            ),
        ),
    )


def test_receive_message_with_nothing_there(form, queue):
    assert_golden(form.call("ReceiveMessage", queue), "ReceiveMessage", "")
    assert_golden(form.call("ReceiveMessage", queue, {"WaitTimeSeconds": 0}), "ReceiveMessage", "")


def test_receive_message_without_attributes(form, sqs, queue):
    sent = send(sqs, queue, "hello", MessageAttributes={"color": text("blue")})
    answer = form.call("ReceiveMessage", queue)
    handle = value(answer, "ReceiptHandle")
    id = element("MessageId", sent["MessageId"])
    rest = element("ReceiptHandle", handle) + element("MD5OfBody", md5("hello")) + element("Body", "hello")
    assert_golden(answer, "ReceiveMessage", element("Message", id, rest))


# Text


def test_text_is_escaped_so_that_parsers_give_it_back_as_it_was(form, queue):
    body = "\"quotes\" 'apostrophes' <tags> & ]]> a\r\nb\rc\td Wörld ✓ 😀"
    sent = form.call("SendMessage", queue, {"MessageBody": body})
    assert value(sent, "MD5OfMessageBody") == md5(body)
    answer = form.call("ReceiveMessage", queue)
    escaped = "&quot;quotes&quot; 'apostrophes' &lt;tags&gt; &amp; ]]&gt; a&#xD;\nb&#xD;c\td Wörld ✓ 😀"
    assert element("Body", escaped).encode() in answer.body
    assert value(answer, "Body") == body
    assert value(answer, "MD5OfBody") == md5(body)


def test_text_in_attributes_is_escaped_too(post, sqs, queue):
    send(sqs, queue, "hello", MessageAttributes={"a": text('<"\r&')})
    answer = post.call("ReceiveMessage", queue, {"MessageAttributeName.1": "All"})
    assert b"<StringValue>&lt;&quot;&#xD;&amp;</StringValue>" in answer.body


@pytest.mark.parametrize(
    "encoded, body",
    [
        ("a+b", "a b"),
        ("a%2Bb%20c", "a+b c"),
        ("%c3%a9%C3%A9", "éé"),
        ("é", "é"),
        ("a%3Db=c", "a=b=c"),
        ("a%26b", "a&b"),
        ("%F0%9F%98%80", "😀"),
    ],
)
def test_forms_are_decoded(json_client, sqs, queue, encoded, body):
    pairs = f"Action=SendMessage&MessageBody={encoded}".encode()
    answer = json_client.request("POST", urlsplit(queue).path, pairs, {"Content-Type": FORM})
    assert value(answer, "MD5OfMessageBody") == md5(body)
    assert receive_one(sqs, queue)["Body"] == body


def test_a_form_of_three_times_a_mebibyte_is_taken(post, sqs, queue):
    body = "é" * 524288
    assert value(post.call("SendMessage", queue, {"MessageBody": body}), "MD5OfMessageBody") == md5(body)
    assert receive_one(sqs, queue)["Body"] == body


def test_bytes_that_are_no_utf8_are_refused(json_client, queue):
    for encoded in ("%FF", "%C0%80", "%ED%A0%80"):
        pairs = f"Action=SendMessage&MessageBody={encoded}"
        answer = json_client.request("POST", urlsplit(queue).path, pairs, {"Content-Type": FORM})
        assert answer.status == 400
        assert b"<Type>Sender</Type>" in answer.body


# Errors


def test_a_missing_queue_has_a_text_of_its_own(form, queue):
    none = queue + "-none"
    for action, parameters in [
        ("SendMessage", {"MessageBody": "hello"}),
        ("ReceiveMessage", {"WaitTimeSeconds": 20}),
        ("GetQueueUrl", {"QueueName": "no-such-queue"}),
        ("GetQueueAttributes", {"AttributeName.1": "All"}),
    ]:
        answer = form.call(action, none, parameters)
        assert_refused(answer, 400, "AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE)


QUEUE_ACTIONS = [
    "AddPermission",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "ListDeadLetterSourceQueues",
    "ListQueueTags",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
]

# Whatever an action needs besides the queue, so that the missing queue is all there is to refuse.
ENOUGH = {
    "Label": "label",
    "AWSAccountId.1": "111111111111",
    "ActionName.1": "SendMessage",
    "ReceiptHandle": HANDLE_OF_NOTHING,
    "VisibilityTimeout": 0,
    "MessageBody": "hello",
    "Attribute.1.Name": "DelaySeconds",
    "Attribute.1.Value": "0",
    "Tag.1.Key": "k",
    "Tag.1.Value": "v",
    "TagKey.1": "k",
    **{
        f"{action}RequestEntry.1.{name}": each
        for action in ("ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch")
        for name, each in [("Id", "a"), ("ReceiptHandle", "h"), ("VisibilityTimeout", 0), ("MessageBody", "b")]
    },
}


@pytest.mark.parametrize("action", QUEUE_ACTIONS)
def test_an_action_on_a_queue_needs_one(root_form, daemon, action):
    message = f"The address {daemon.url}/ is not valid for this endpoint."
    assert_refused(root_form.call(action, None, ENOUGH), 404, "InvalidAddress", message)


@pytest.mark.parametrize("action, parameters", [("CreateQueue", {"QueueName": "q"}), ("ListQueues", {})])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_actions_on_no_queue_are_not_valid_on_a_queues_path(json_client, queue, method, action, parameters):
    answer = Form(json_client, method, on_queue_path=True).call(action, queue, parameters)
    assert_refused(answer, 400, "InvalidAction", f"The action {action} is not valid for this endpoint.")


@pytest.mark.parametrize("action", ["Nothing", "sendmessage", "<Send&Message>"])
def test_an_unknown_action_is_refused(form, queue, action):
    name = action.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    answer = form.call(action, queue)
    assert_refused(answer, 400, "InvalidAction", f"The action {name} is not valid for this endpoint.")


@pytest.mark.parametrize(
    "action, parameters, status, code, message",
    [
        ("SendMessage", {}, 400, "MissingParameter", NO_BODY),
        ("SendMessage", {"MessageBody": ""}, 400, "MissingParameter", NO_BODY),
        (
            "ReceiveMessage",
            {"MaxNumberOfMessages": 11},
            400,
            "InvalidParameterValue",
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            "ReceiveMessage",
            {"WaitTimeSeconds": 21},
            400,
            "InvalidParameterValue",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be &gt;= 0 and &lt;= 20, if provided.",
        ),
        (
            "DeleteMessage",
            {"ReceiptHandle": HANDLE_OF_NOTHING},
            404,
            "ReceiptHandleIsInvalid",
            f"The input receipt handle &quot;{HANDLE_OF_NOTHING}&quot; is not a valid receipt handle.",
        ),
        ("GetQueueAttributes", {"AttributeName.1": "Colour"}, 400, "InvalidAttributeName", "Unknown Attribute Colour."),
        (
            "SetQueueAttributes",
            {"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "901"},
            400,
            "InvalidAttributeValue",
            "Invalid value for the parameter DelaySeconds.",
        ),
        (
            "SendMessageBatch",
            {"SendMessageBatchRequestEntry": ""},
            400,
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        (
            "DeleteMessageBatch",
            {
                f"DeleteMessageBatchRequestEntry.{number}.{name}": each
                for number in range(1, 12)
                for name, each in [("Id", number), ("ReceiptHandle", "h")]
            },
            400,
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        (
            "SendMessageBatch",
            {
                f"SendMessageBatchRequestEntry.{number}.{name}": each
                for number in (1, 2)
                for name, each in [("Id", "same"), ("MessageBody", "b")]
            },
            400,
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Id same repeated.",
        ),
        (
            "SendMessage",
            {
                "MessageBody": "b",
                "MessageAttribute.1.Name": "a",
                "MessageAttribute.1.Value.DataType": "Text",
                "MessageAttribute.1.Value.StringValue": "x",
            },
            400,
            "InvalidParameterValue",
            "The type of message (user) attribute 'a' is invalid. You must use only the following supported type "
            "prefixes: Binary, Number, String.",
        ),
        (
            "SendMessage",
            {
                "MessageBody": "b",
                "MessageAttribute.1.Name": "a",
                "MessageAttribute.1.Value.DataType": "String",
                "MessageAttribute.1.Value.StringListValue.1": "x",
            },
            400,
            "AWS.SimpleQueueService.UnsupportedOperation",
            "Message attribute list values in SendMessage operation are not supported.",
        ),
        (
            "RemovePermission",
            {"Label": "none"},
            400,
            "InvalidParameterValue",
            "Value none for parameter Label is invalid. Reason: can't find label.",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_errors(form, queue, action, parameters, status, code, message):
    assert_refused(form.call(action, queue, parameters), status, code, message)


def test_errors_without_a_queue(root_form, sqs, queue):
    name = queue.rsplit("/")[-1]
    different = {"QueueName": name, "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "1"}
    message = "A queue already exists with the same name and a different value for attribute DelaySeconds"
    assert_refused(root_form.call("CreateQueue", None, different), 400, "QueueAlreadyExists", message)
    assert_refused(
        root_form.call("ListMessageMoveTasks", None, {"SourceArn": arn(queue) + "-none"}),
        404,
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    )
    sqs.delete_queue(QueueUrl=queue)
    message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    answer = root_form.call("CreateQueue", None, {"QueueName": name})
    assert_refused(answer, 400, "AWS.SimpleQueueService.QueueDeletedRecently", message)


@pytest.mark.parametrize("number", ["x", "1.5", "99999999999999999999", "0x1", " 1"])
def test_a_number_that_is_none_is_refused(post, queue, number):
    answer = post.call("ReceiveMessage", queue, {"MaxNumberOfMessages": number})
    assert answer.status == 400
    assert re.search(rb"<Code>(InvalidParameterValue|MalformedInput)</Code>", answer.body)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/", "/queue"])
@pytest.mark.parametrize("pairs", ["", "Version=2012-11-05", "Action=", "AttributeName.1=All"])
def test_without_an_action_there_is_nothing(json_client, queue, method, path, pairs):
    path = urlsplit(queue).path if path == "/queue" else path
    answer = Form(json_client, method).send(path, pairs)
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>")
    assert answer.headers["Content-Type"] == "text/xml"


def test_an_address_opened_in_a_browser_is_an_unknown_operation(json_client, queue):
    for accept in ("text/html", "application/json"):
        answer = json_client.request("GET", urlsplit(queue).path, headers={"Accept": accept})
        assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>")


# Parameters


def test_parameters_without_an_index_count_as_the_first(form, sqs, queue):
    form.call("SetQueueAttributes", queue, {"Attribute.Name": "DelaySeconds", "Attribute.Value": "0"})
    answer = form.call("GetQueueAttributes", queue, {"AttributeName": "DelaySeconds"})
    assert (value(answer, "Name"), value(answer, "Value")) == ("DelaySeconds", "0")
    form.call("TagQueue", queue, {"Tag.Key": "team", "Tag.Value": "blue"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "blue"}
    form.call("UntagQueue", queue, {"TagKey": "team"})
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)
    named = {
        "MessageAttribute.Name": "color",
        "MessageAttribute.Value.DataType": "String",
        "MessageAttribute.Value.StringValue": "blue",
    }
    form.call("SendMessage", queue, {"MessageBody": "hello", **named})
    answer = form.call("ReceiveMessage", queue, {"AttributeName": "All", "MessageAttributeName": "color"})
    assert "ApproximateReceiveCount" in values(answer, "Name")
    assert value(answer, "StringValue") == "blue"


def test_indices_may_come_in_any_order_and_with_gaps(form, sqs, queue):
    parameters = {
        "Attribute.9.Value": "3",
        "Attribute.4.Name": "DelaySeconds",
        "Attribute.9.Name": "VisibilityTimeout",
        "Attribute.4.Value": "2",
    }
    form.call("SetQueueAttributes", queue, parameters)
    assert [attribute(sqs, queue, name) for name in ("DelaySeconds", "VisibilityTimeout")] == ["2", "3"]
    name = "SendMessageBatchRequestEntry"
    entries = {f"{name}.{index}.{key}": index for index in (12, 3, 7) for key in ("Id", "MessageBody")}
    answer = form.call("SendMessageBatch", queue, {**entries, **{f"{name}.{i}.DelaySeconds": 0 for i in (3, 7, 12)}})
    assert values(answer, "Id") == ["3", "7", "12"]
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["3", "7", "12"]


@pytest.mark.parametrize("spelling", ["AttributeName=", "AttributeNames=", "AttributeName.1="])
def test_an_empty_list_may_be_spelled_out(json_client, sqs, queue, spelling):
    send(sqs, queue, "hello")
    for method in ("GET", "POST"):
        pairs = f"Action=ReceiveMessage&VisibilityTimeout=0&{spelling}"
        answer = Form(json_client, method).send(urlsplit(queue).path, pairs)
        assert (value(answer, "Body"), values(answer, "Attribute")) == ("hello", [])


def test_both_lists_of_a_receive_share_one_name_and_the_last_value_wins(json_client, sqs, queue):
    send(sqs, queue, "hello")
    for method in ("GET", "POST"):
        pairs = "Action=ReceiveMessage&VisibilityTimeout=0&AttributeName.1=SenderId&AttributeName.1=SentTimestamp"
        answer = Form(json_client, method).send(urlsplit(queue).path, pairs)
        assert values(answer, "Name") == ["SentTimestamp"]


def test_a_receive_asks_for_attributes_by_number(form, sqs, queue):
    send(sqs, queue, "hello")
    asked = {"AttributeName.1": "SenderId", "AttributeName.2": "SentTimestamp", "VisibilityTimeout": 0}
    assert sorted(values(form.call("ReceiveMessage", queue, asked), "Name")) == ["SenderId", "SentTimestamp"]
    answer = form.call("ReceiveMessage", queue, {"AttributeName.1": "All", "VisibilityTimeout": 0})
    assert len(values(answer, "Name")) == 4


def test_the_parameter_wins_over_the_path(json_client, sqs, queue, make_queue):
    other = make_queue()
    for method in ("GET", "POST"):
        pairs = urlencode({"Action": "SendMessage", "MessageBody": method, "QueueUrl": other})
        assert Form(json_client, method).send(urlsplit(queue).path, pairs).status == 200
    assert bodies(receive(sqs, other, MaxNumberOfMessages=10)) == ["GET", "POST"]
    assert counters(sqs, queue) == (0, 0, 0)


def test_query_string_and_form_are_merged(json_client, sqs, queue):
    path = urlsplit(queue).path + "?Action=SendMessage&MessageBody=of+the+query"
    answer = json_client.request("POST", path, "DelaySeconds=0", {"Content-Type": FORM})
    assert value(answer, "MD5OfMessageBody") == md5("of the query")
    answer = json_client.request("POST", path, "MessageBody=of+the+form", {"Content-Type": FORM})
    assert value(answer, "MD5OfMessageBody") == md5("of the form")


@pytest.mark.parametrize("version", [None, "2012-11-05", "2009-02-01", "nonsense"])
def test_the_version_does_not_matter(root_form, version):
    pairs = {"Action": "ListQueues", **({"Version": version} if version else {})}
    assert root_form.send("/", urlencode(pairs)).status == 200


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), FORM + ";charset=UTF-8", None])
def test_the_content_type_is_a_form_with_any_parameters_or_none(json_client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = json_client.request("POST", "/", "Action=ListQueues&QueueNamePrefix=none-such", headers)
    assert_golden(answer, "ListQueues", "")


# Both protocols in one request


def test_a_form_with_a_target_is_a_form(json_client, sqs, queue):
    headers = {"Content-Type": FORM, "X-Amz-Target": "AmazonSQS.SendMessage"}
    pairs = "Action=SendMessage&MessageBody=hello"
    answer = json_client.request("POST", urlsplit(queue).path, pairs, headers)
    assert_golden(answer, "SendMessage", HELLO_MD5 + element("MessageId", value(answer, "MessageId")))


def test_where_form_and_target_disagree_the_content_type_decides(json_client, sqs, queue):
    target = {"X-Amz-Target": "AmazonSQS.PurgeQueue"}
    pairs = "Action=SendMessage&MessageBody=hello"
    path = urlsplit(queue).path
    answer = json_client.request("POST", path, pairs, {"Content-Type": FORM, **target})
    assert value(answer, "MD5OfMessageBody") == md5("hello")
    headers = {"Content-Type": "application/x-amz-json-1.0", **target}
    answer = json_client.request("POST", f"{path}?{pairs}", "{}", headers)
    assert (answer.status, answer.body) == (200, b"")
    assert counters(sqs, queue) == (0, 0, 0)


def test_errors_of_a_form_with_a_target_are_xml(json_client, queue):
    headers = {"Content-Type": FORM, "X-Amz-Target": "AmazonSQS.SendMessage"}
    answer = json_client.request("POST", urlsplit(queue).path + "-none", "Action=PurgeQueue", headers)
    assert_refused(answer, 400, "AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE)


def test_what_one_protocol_sends_the_other_receives(post, json_client, queue):
    attributes = {"color": text("blue")}
    sent = {"QueueUrl": queue, "MessageBody": "hello", "MessageAttributes": attributes}
    json_client.call("SendMessage", sent)
    answer = post.call("ReceiveMessage", queue, {"MessageAttributeName.1": "color"})
    assert (value(answer, "Body"), value(answer, "StringValue")) == ("hello", "blue")
    json_client.call("DeleteMessage", {"QueueUrl": queue, "ReceiptHandle": value(answer, "ReceiptHandle")})
    post.call("SendMessage", queue, {"MessageBody": "hello", **COLOR})
    wanted = {"QueueUrl": queue, "MessageAttributeNames": ["All"]}
    [message] = json_client.call("ReceiveMessage", wanted).json["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("hello", attributes)
