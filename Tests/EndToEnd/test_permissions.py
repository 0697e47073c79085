"""Permissions: the policy that AddPermission writes, RemovePermission, and every refusal."""

import json

import pytest

from checks import attribute, receive, refused, send
from clients import boto_client

ACCOUNT = "111111111111"


def add(sqs, queue, label="label", accounts=(ACCOUNT,), actions=("ReceiveMessage",)):
    return sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=list(accounts), Actions=list(actions))


def policy(sqs, queue):
    document = attribute(sqs, queue, "Policy")
    return document and json.loads(document)


def labels(sqs, queue):
    return [statement["Sid"] for statement in policy(sqs, queue)["Statement"]]


def invalid(value, parameter, reason):
    message = f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    return refused("InvalidParameterValueException", message)


def test_the_first_permission_makes_a_policy(sqs, queue):
    add(sqs, queue)
    arn = attribute(sqs, queue, "QueueArn")
    assert policy(sqs, queue) == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "label",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "SQS:ReceiveMessage",
                "Resource": arn,
            }
        ],
    }


def test_several_accounts_and_actions_become_lists(sqs, queue):
    add(sqs, queue, accounts=[ACCOUNT, "222222222222"], actions=["*", "SendMessage"])
    [statement] = policy(sqs, queue)["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::222222222222:root"]}
    assert statement["Action"] == ["SQS:*", "SQS:SendMessage"]


def test_permissions_add_up_and_go_one_by_one(sqs, queue):
    add(sqs, queue, "one")
    add(sqs, queue, "two")
    assert labels(sqs, queue) == ["one", "two"]
    sqs.remove_permission(QueueUrl=queue, Label="one")
    assert labels(sqs, queue) == ["two"]
    sqs.remove_permission(QueueUrl=queue, Label="two")
    assert policy(sqs, queue) is None
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_a_permission_joins_a_policy_set_by_hand(sqs, queue):
    own = {"Version": "2012-10-17", "Statement": {"Sid": "own", "Effect": "Deny"}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(own)})
    add(sqs, queue)
    assert policy(sqs, queue)["Version"] == "2012-10-17"
    assert labels(sqs, queue) == ["own", "label"]
    sqs.remove_permission(QueueUrl=queue, Label="own")
    assert labels(sqs, queue) == ["label"]


def test_both_answer_with_nothing(json_client, queue):
    parameters = {"QueueUrl": queue, "Label": "label", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
    added = json_client.call("AddPermission", parameters)
    removed = json_client.call("RemovePermission", {"QueueUrl": queue, "Label": "label"})
    assert [(answer.status, answer.body) for answer in (added, removed)] == [(200, b""), (200, b"")]


def test_the_query_protocol_numbers_accounts_and_actions(sqs, json_client, queue):
    form = (
        f"Action=AddPermission&Label=label&AWSAccountId.1={ACCOUNT}&AWSAccountId.2=222222222222"
        "&ActionName.1=SendMessage&ActionName.2=GetQueueUrl"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    path = "/" + queue.split("/", 3)[3]
    answer = json_client.post(form, headers=headers, path=path)
    assert answer.status == 200, answer.body
    assert b"<AddPermissionResponse " in answer.body and b"Result>" not in answer.body
    [statement] = policy(sqs, queue)["Statement"]
    assert statement["Action"] == ["SQS:SendMessage", "SQS:GetQueueUrl"]
    assert len(statement["Principal"]["AWS"]) == 2
    answer = json_client.post("Action=RemovePermission&Label=label", headers=headers, path=path)
    assert answer.status == 200, answer.body
    assert policy(sqs, queue) is None


def test_a_policy_does_not_change_what_the_owner_may_do(sqs, queue):
    add(sqs, queue)
    send(sqs, queue, "hello")
    assert len(receive(sqs, queue)) == 1


def test_a_label_is_used_once(sqs, queue):
    add(sqs, queue)
    with invalid("label", "Label", "Already exists."):
        add(sqs, queue, actions=["SendMessage"])


def test_an_unknown_label_cannot_be_removed(sqs, queue):
    with invalid("label", "Label", "can't find label."):
        sqs.remove_permission(QueueUrl=queue, Label="label")
    add(sqs, queue, "other")
    with invalid("label", "Label", "can't find label."):
        sqs.remove_permission(QueueUrl=queue, Label="label")


@pytest.mark.parametrize("label", ["a b", "a.b", "ä", "a" * 81])
def test_a_label_has_1_to_80_letters_digits_hyphens_and_underscores(sqs, queue, label):
    with refused("InvalidParameterValueException"):
        add(sqs, queue, label)


@pytest.mark.parametrize("label", [None, ""])
def test_a_label_is_needed(json_client, queue, label):
    parameters = {"QueueUrl": queue, "Label": label, "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
    for action in ("AddPermission", "RemovePermission"):
        answer = json_client.call(action, parameters)
        assert answer.json["message"] == "The request must contain the parameter Label."
        assert answer.headers["x-amzn-query-error"] == "MissingParameter;Sender"


def test_accounts_are_needed_and_have_12_digits(sqs, queue):
    with invalid("[]", "PrincipalId", "Unable to verify."):
        add(sqs, queue, accounts=[])
    with invalid("[me]", "PrincipalId", "Unable to verify."):
        add(sqs, queue, accounts=["me"])


def test_actions_are_needed(sqs, queue):
    with refused("MissingRequiredParameterException", "The request must contain the parameter Actions."):
        add(sqs, queue, actions=[])


@pytest.mark.parametrize("action", ["DeleteQueue", "AddPermission", "StartMessageMoveTask"])
def test_actions_of_the_owner_cannot_be_granted(sqs, queue, action):
    with invalid(f"SQS:{action}", "ActionName", "Only the queue owner is allowed to invoke this action."):
        add(sqs, queue, actions=[action])


@pytest.mark.parametrize("action", ["Fly", "sendmessage", "SQS:SendMessage"])
def test_what_is_no_action_cannot_be_granted(sqs, queue, action):
    reason = "Please refer to the appropriate WSDL for a list of valid actions."
    with invalid(f"SQS:{action}", "ActionName", reason):
        add(sqs, queue, actions=[action])


def test_a_permission_grants_at_most_7_actions(sqs, queue):
    with refused("OverLimit", "8 Actions were found, maximum allowed is 7."):
        add(sqs, queue, actions=["SendMessage"] * 8)


def test_a_policy_has_at_most_20_statements(sqs, queue):
    for number in range(20):
        add(sqs, queue, f"label{number}")
    with refused("OverLimit", "21 Statements were found, maximum allowed is 20."):
        add(sqs, queue, "one-more")
    assert len(labels(sqs, queue)) == 20


def test_a_queue_that_does_not_exist_has_no_permissions(sqs, queue):
    with refused("QueueDoesNotExist"):
        add(sqs, queue + "-not")
    with refused("QueueDoesNotExist"):
        sqs.remove_permission(QueueUrl=queue + "-not", Label="label")


def test_permissions_survive_a_kill(private_daemon):
    sqs = boto_client(private_daemon)
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    for label in ("one", "two"):
        add(sqs, queue, label)
    sqs.remove_permission(QueueUrl=queue, Label="one")
    private_daemon.kill_and_restart()
    assert labels(sqs, queue) == ["two"]
