"""Queue URLs: which host they carry, and which are understood."""

import pytest

from checks import attribute, receive_one, send
from clients import ACCOUNT, JSONClient, boto_client
from conftest import unique_name
from daemon import Daemon

HOSTS = [
    ("queue.example:1234", "http://queue.example:1234"),
    ("localhost:80", "http://localhost:80"),
    ("[::1]:9324", "http://[::1]:9324"),
    # Some clients send no port. A URL without it would lead elsewhere, so the port of the socket is taken.
    ("queue.example", "http://queue.example:{port}"),
    ("[::1]", "http://[::1]:{port}"),
]


@pytest.mark.parametrize("host, base", HOSTS)
def test_queue_urls_carry_the_host_that_the_client_used(json_client, daemon, host, base):
    name = unique_name()
    expected = f"{base.format(port=daemon.port)}/{ACCOUNT}/{name}"
    headers = {"Host": host}
    assert json_client.call("CreateQueue", {"QueueName": name}, headers).json["QueueUrl"] == expected
    assert json_client.call("GetQueueUrl", {"QueueName": name}, headers).json["QueueUrl"] == expected
    assert json_client.call("ListQueues", {"QueueNamePrefix": name}, headers).json["QueueUrls"] == [expected]


def test_urls_of_dead_letter_sources_carry_it_too(json_client, sqs, queue, make_queue):
    arn = attribute(sqs, queue, "QueueArn")
    source = make_queue(RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}')
    answer = json_client.call("ListDeadLetterSourceQueues", {"QueueUrl": queue}, {"Host": "queue.example:1234"})
    assert answer.json["queueUrls"] == [f"http://queue.example:1234/{ACCOUNT}/{source.rsplit('/')[-1]}"]


@pytest.mark.parametrize(
    "form",
    [
        "http://elsewhere.example:1/{account}/{name}",
        "https://sqs.us-east-1.amazonaws.com/{account}/{name}",
        "http://127.0.0.1/{account}/{name}/",
        "http://127.0.0.1/some/prefix/{account}/{name}",
        "/{account}/{name}",
        "{account}/{name}",
        "{name}",
        "http://127.0.0.1/{account}/%71{rest}",
    ],
)
def test_only_account_and_name_of_a_given_url_count(sqs, queue, form):
    name = queue.rsplit("/")[-1]
    assert name[0] == "q", "the last form writes the first letter as %71"
    url = form.format(account=ACCOUNT, name=name, rest=name[1:])
    send(sqs, url, "hello")
    assert receive_one(sqs, queue)["Body"] == "hello"


def test_account_and_region_are_those_of_the_options(tmp_path):
    options = ["--account", "123456789012", "--region", "eu-central-1"]
    daemon = Daemon(tmp_path / "holdfast.db", options).start()
    try:
        sqs = boto_client(daemon, region="eu-central-1")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        assert queue == f"{daemon.url}/123456789012/q"
        assert attribute(sqs, queue, "QueueArn") == "arn:aws:sqs:eu-central-1:123456789012:q"
        assert sqs.get_queue_url(QueueName="q", QueueOwnerAWSAccountId="123456789012")["QueueUrl"] == queue
    finally:
        daemon.finish()


def test_a_queue_made_over_one_host_is_used_over_another(daemon, json_client, sqs):
    name = unique_name()
    url = json_client.call("CreateQueue", {"QueueName": name}, {"Host": "queue.example:1234"}).json["QueueUrl"]
    other = JSONClient(daemon)
    other.call("SendMessage", {"QueueUrl": url, "MessageBody": "hello"}, {"Host": "another.example"})
    other.close()
    assert receive_one(sqs, url)["Body"] == "hello"
