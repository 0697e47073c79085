"""Accounts and regions: the credentials say whose and where a queue is, and one name may be many queues."""

import json
from urllib.parse import quote, urlencode, urlsplit

import pytest

from checks import attribute, bodies, counters, receive, receive_one, refused, send
from clients import ACCOUNT, REGION, boto_client
from conftest import unique_name
from daemon import Daemon

ONE, OTHER = "111111111111", "222222222222"
ELSEWHERE = "eu-west-1"
NO_QUEUE = "The specified queue does not exist."


@pytest.fixture(scope="module")
def one(daemon):
    return boto_client(daemon, access_key=ONE)


@pytest.fixture(scope="module")
def other(daemon):
    return boto_client(daemon, access_key=OTHER)


@pytest.fixture(scope="module")
def elsewhere(daemon):
    return boto_client(daemon, region=ELSEWHERE)


def create(sqs, name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def authorization(access_key, region):
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20260115/{region}/sqs/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0"
    }


# Accounts


def test_one_name_in_two_accounts_is_two_queues(one, other, daemon, queue_name):
    mine, theirs = create(one, queue_name), create(other, queue_name)
    assert (mine, theirs) == (f"{daemon.url}/{ONE}/{queue_name}", f"{daemon.url}/{OTHER}/{queue_name}")
    send(one, mine, "mine")
    send(other, theirs, "theirs")
    assert bodies(receive(one, mine, MaxNumberOfMessages=10)) == ["mine"]
    assert bodies(receive(other, theirs, MaxNumberOfMessages=10)) == ["theirs"]
    one.delete_queue(QueueUrl=mine)
    assert counters(other, theirs) == (0, 1, 0)


def test_the_settings_of_two_accounts_do_not_meet(one, other, queue_name):
    mine = create(one, queue_name, DelaySeconds="1")
    theirs = create(other, queue_name, DelaySeconds="2")
    assert (attribute(one, mine, "DelaySeconds"), attribute(other, theirs, "DelaySeconds")) == ("1", "2")
    one.tag_queue(QueueUrl=mine, Tags={"whose": "mine"})
    assert "Tags" not in other.list_queue_tags(QueueUrl=theirs)


def test_an_arn_names_the_account_and_the_region(one, elsewhere, queue_name):
    assert attribute(one, create(one, queue_name), "QueueArn") == f"arn:aws:sqs:{REGION}:{ONE}:{queue_name}"
    url = create(elsewhere, queue_name)
    assert attribute(elsewhere, url, "QueueArn") == f"arn:aws:sqs:{ELSEWHERE}:{ACCOUNT}:{queue_name}"


@pytest.mark.parametrize(
    "region, partition", [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-central-2", "aws")]
)
def test_an_arn_names_the_partition_of_the_region(daemon, queue_name, region, partition):
    sqs = boto_client(daemon, region=region)
    expected = f"arn:{partition}:sqs:{region}:{ACCOUNT}:{queue_name}"
    assert attribute(sqs, create(sqs, queue_name), "QueueArn") == expected


@pytest.mark.parametrize("access_key", ["test", "AKIDEXAMPLE", "11111111111", "1111111111111", "11111111111x"])
def test_an_access_key_that_is_no_account_means_the_default_account(daemon, access_key, queue_name):
    sqs = boto_client(daemon, access_key=access_key)
    assert create(sqs, queue_name) == f"{daemon.url}/{ACCOUNT}/{queue_name}"


def test_the_account_in_a_queue_url_says_whose_queue_it_is(one, other, queue_name):
    mine, theirs = create(one, queue_name), create(other, queue_name)
    send(one, theirs, "from outside")
    assert counters(one, mine) == (0, 0, 0)
    message = receive_one(other, theirs)
    assert message["Body"] == "from outside"
    one.delete_message(QueueUrl=theirs, ReceiptHandle=message["ReceiptHandle"])
    assert counters(other, theirs) == (0, 0, 0)


def test_a_queue_url_without_an_account_means_the_callers(one, other, queue_name):
    mine, theirs = create(one, queue_name), create(other, queue_name)
    send(one, queue_name, "mine")
    assert (counters(one, mine), counters(one, theirs)) == ((1, 0, 0), (0, 0, 0))


def test_a_handle_of_another_account_is_no_good(one, other, queue_name):
    mine, theirs = create(one, queue_name), create(other, queue_name)
    send(one, mine, "hello")
    handle = receive_one(one, mine)["ReceiptHandle"]
    with refused("ReceiptHandleIsInvalid", f'The receipt handle "{handle}" is not valid for this queue.'):
        other.delete_message(QueueUrl=theirs, ReceiptHandle=handle)
    assert counters(one, mine) == (0, 1, 0)


def test_the_address_of_another_accounts_queue_is_found_by_its_owner(one, other, queue_name):
    mine = create(one, queue_name)
    assert other.get_queue_url(QueueName=queue_name, QueueOwnerAWSAccountId=ONE)["QueueUrl"] == mine
    assert one.get_queue_url(QueueName=queue_name)["QueueUrl"] == mine
    with refused("QueueDoesNotExist", NO_QUEUE):
        other.get_queue_url(QueueName=queue_name)
    with refused("QueueDoesNotExist", NO_QUEUE):
        one.get_queue_url(QueueName=queue_name, QueueOwnerAWSAccountId=OTHER)
    theirs = create(other, queue_name)
    assert one.get_queue_url(QueueName=queue_name, QueueOwnerAWSAccountId=OTHER)["QueueUrl"] == theirs


def test_a_name_deleted_in_one_account_is_free_in_the_others(one, other, queue_name):
    one.delete_queue(QueueUrl=create(one, queue_name))
    create(other, queue_name)
    with refused("QueueDeletedRecently"):
        create(one, queue_name)


def test_a_purge_in_one_account_does_not_hinder_one_in_another(one, other, queue_name):
    for sqs in (one, other):
        queue = create(sqs, queue_name)
        send(sqs, queue, "hello")
    one.purge_queue(QueueUrl=one.get_queue_url(QueueName=queue_name)["QueueUrl"])
    assert counters(other, queue) == (1, 0, 0)
    other.purge_queue(QueueUrl=queue)


def test_deduplication_of_one_account_does_not_swallow_the_messages_of_another(one, other, queue_name):
    for sqs in (one, other):
        queue = create(sqs, queue_name + ".fifo", FifoQueue="true")
        send(sqs, queue, "hello", MessageGroupId="g", MessageDeduplicationId="d")
        assert bodies(receive(sqs, queue)) == ["hello"]


# Regions


def test_one_name_in_two_regions_is_two_queues(sqs, elsewhere, queue_name):
    here, there = create(sqs, queue_name), create(elsewhere, queue_name)
    # The addresses do not tell: the region is the client's.
    assert here == there
    send(sqs, here, "here")
    send(elsewhere, there, "there")
    assert bodies(receive(sqs, here, MaxNumberOfMessages=10)) == ["here"]
    assert bodies(receive(elsewhere, there, MaxNumberOfMessages=10)) == ["there"]
    sqs.delete_queue(QueueUrl=here)
    assert counters(elsewhere, there) == (0, 1, 0)


def test_a_queue_of_one_region_does_not_exist_in_another(sqs, elsewhere, queue_name):
    url = create(sqs, queue_name)
    with refused("QueueDoesNotExist", NO_QUEUE):
        elsewhere.get_queue_url(QueueName=queue_name)
    with refused("QueueDoesNotExist", NO_QUEUE):
        send(elsewhere, url, "hello")


# ListQueues


def test_queues_are_listed_for_one_account_and_one_region(one, other, daemon, queue_name):
    one_elsewhere = boto_client(daemon, region=ELSEWHERE, access_key=ONE)
    urls = {}
    for sqs, letters in [(one, "ab"), (other, "bc"), (one_elsewhere, "cd")]:
        urls[sqs] = [create(sqs, queue_name + letter) for letter in letters]
    for sqs, expected in urls.items():
        assert sqs.list_queues(QueueNamePrefix=queue_name)["QueueUrls"] == expected
    paginator = one.get_paginator("list_queues")
    pages = paginator.paginate(QueueNamePrefix=queue_name, PaginationConfig={"PageSize": 1})
    assert [page["QueueUrls"] for page in pages] == [[url] for url in urls[one]]


def test_dead_letter_sources_are_of_the_same_account(one, other, queue_name):
    for sqs in (one, other):
        dead = create(sqs, queue_name)
        policy = json.dumps({"deadLetterTargetArn": attribute(sqs, dead, "QueueArn"), "maxReceiveCount": 1})
        source = create(sqs, queue_name + "-source", RedrivePolicy=policy)
        assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]


# Redrive


def policy_to(sqs, queue):
    return json.dumps({"deadLetterTargetArn": attribute(sqs, queue, "QueueArn"), "maxReceiveCount": 1})


def refused_policy(policy, reason):
    return refused(
        "InvalidParameterValueException", f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}"
    )


def test_a_dead_letter_queue_is_of_the_same_account(one, other, queue_name):
    policy = policy_to(other, create(other, queue_name))
    reason = "Dead-letter target owner should be same as the source."
    with refused_policy(policy, reason):
        create(one, queue_name, RedrivePolicy=policy)
    queue = create(one, queue_name)
    with refused_policy(policy, reason):
        one.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert attribute(one, queue, "RedrivePolicy") is None


def test_a_dead_letter_queue_is_of_the_same_region(sqs, elsewhere, queue_name):
    policy = policy_to(elsewhere, create(elsewhere, queue_name))
    queue = create(sqs, queue_name)
    with refused_policy(policy, "Dead letter target does not exist."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})


@pytest.mark.parametrize("partition", ["aws-cn", "nonsense", 'a\\"b'])
def test_a_dead_letter_queue_is_of_the_same_partition(sqs, queue, partition):
    policy = policy_to(sqs, queue).replace("arn:aws:", f"arn:{partition}:")
    with refused_policy(policy, "Dead letter target does not exist."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert attribute(sqs, queue, "RedrivePolicy") is None


@pytest.mark.parametrize("parameter", ["SourceArn", "DestinationArn"])
def test_a_move_task_is_of_one_partition(sqs, make_queue, parameter):
    dead, target = make_queue(), make_queue()
    make_queue(RedrivePolicy=policy_to(sqs, dead))
    arns = {"SourceArn": attribute(sqs, dead, "QueueArn"), "DestinationArn": attribute(sqs, target, "QueueArn")}
    arns[parameter] = arns[parameter].replace("arn:aws:", "arn:aws-cn:")
    with refused(
        "ResourceNotFoundException", f"The resource that you specified for the {parameter} parameter doesn't exist."
    ):
        sqs.start_message_move_task(**arns)


def test_each_account_redrives_to_its_own_queue_of_that_name(one, other, queue_name):
    for sqs in (one, other):
        dead = create(sqs, queue_name)
        source = create(sqs, queue_name + "-source", VisibilityTimeout="0", RedrivePolicy=policy_to(sqs, dead))
        send(sqs, source, "hello")
        receive_one(sqs, source)
        assert receive(sqs, source) == []
        moved = receive_one(sqs, dead)
        assert moved["Attributes"]["DeadLetterQueueSourceArn"] == attribute(sqs, source, "QueueArn")


# Where the account and the region are read


def test_the_query_protocol_reads_them_from_the_same_header(json_client, daemon):
    name = unique_name()
    form = {"Content-Type": "application/x-www-form-urlencoded", **authorization(ONE, ELSEWHERE)}
    answer = json_client.request("POST", "/", f"Action=CreateQueue&QueueName={name}", form)
    url = f"{daemon.url}/{ONE}/{name}"
    assert f"<QueueUrl>{url}</QueueUrl>".encode() in answer.body
    arn = boto_client(daemon, region=ELSEWHERE, access_key=ONE).get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:{ELSEWHERE}:{ONE}:{name}"


def test_a_presigned_url_carries_them(json_client, daemon, queue_name):
    credential = quote(f"{ONE}/20260115/{ELSEWHERE}/sqs/aws4_request", safe="")
    signature = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Signature=0"
    create(boto_client(daemon, region=ELSEWHERE, access_key=ONE), queue_name)
    pairs = urlencode({"Action": "GetQueueAttributes", "AttributeName.1": "QueueArn"})
    answer = json_client.request("GET", f"/{ONE}/{queue_name}?{pairs}&{signature}")
    assert f"arn:aws:sqs:{ELSEWHERE}:{ONE}:{queue_name}".encode() in answer.body


def test_the_path_of_a_queue_names_its_account(one, other, json_client, queue_name):
    mine, theirs = create(one, queue_name), create(other, queue_name)
    for url, body in [(mine, "mine"), (theirs, "theirs")]:
        pairs = urlencode({"Action": "SendMessage", "MessageBody": body})
        answer = json_client.request("GET", f"{urlsplit(url).path}?{pairs}", headers=authorization(OTHER, REGION))
        assert answer.status == 200
    assert bodies(receive(one, mine)) == ["mine"]
    assert bodies(receive(other, theirs)) == ["theirs"]


def test_a_scope_of_another_service_will_do(json_client, daemon, queue_name):
    headers = {"Authorization": authorization(ONE, REGION)["Authorization"].replace("/sqs/", "/s3/")}
    answer = json_client.call("CreateQueue", {"QueueName": queue_name}, headers)
    assert answer.json["QueueUrl"] == f"{daemon.url}/{ONE}/{queue_name}"


@pytest.mark.parametrize("region", ["eu:west", 'eu"west', "", "eu west", "é"])
def test_a_region_that_fits_into_no_arn_means_the_default_region(json_client, sqs, queue_name, region):
    header = {name: value.encode() for name, value in authorization(ONE, region).items()}
    url = json_client.call("CreateQueue", {"QueueName": queue_name}, header).json["QueueUrl"]
    assert attribute(sqs, url, "QueueArn").split(":")[3] == REGION


# Defaults


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "nonsense"}, {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b, Signature=0"}]
)
def test_clients_that_say_nothing_have_the_default_account_and_region(json_client, sqs, queue_name, header):
    url = json_client.call("CreateQueue", {"QueueName": queue_name}, header).json["QueueUrl"]
    assert attribute(sqs, url, "QueueArn") == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue_name}"


@pytest.fixture
def configured(tmp_path):
    options = ["--account", "123456789012", "--region", "eu-central-1"]
    daemon = Daemon(tmp_path / "holdfast.db", options).start()
    yield daemon
    daemon.finish()


def test_the_options_are_the_defaults_and_no_more(configured):
    no_account = boto_client(configured, region="eu-central-1")
    url = create(no_account, "q")
    assert attribute(no_account, url, "QueueArn") == "arn:aws:sqs:eu-central-1:123456789012:q"
    named = boto_client(configured, region=ELSEWHERE, access_key=ONE)
    url = create(named, "q")
    assert attribute(named, url, "QueueArn") == f"arn:aws:sqs:{ELSEWHERE}:{ONE}:q"
    assert no_account.get_queue_url(QueueName="q")["QueueUrl"].endswith("/123456789012/q")


def test_accounts_and_regions_survive_a_kill(configured):
    clients = [boto_client(configured, region, key) for region in (REGION, ELSEWHERE) for key in (ONE, OTHER)]
    for number, sqs in enumerate(clients):
        send(sqs, create(sqs, "q"), str(number))
    configured.kill_and_restart()
    assert [bodies(receive(sqs, "q")) for sqs in clients] == [["0"], ["1"], ["2"], ["3"]]
