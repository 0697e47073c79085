"""Visibility timeouts, delays and what a receipt handle can still do."""

import time

import pytest

from checks import attribute, bodies, counters, eventually, receive, receive_one, refused, send

UNAVAILABLE = (
    "Value {} for parameter ReceiptHandle is invalid. "
    "Reason: Message does not exist or is not available for visibility timeout change."
)
BEYOND_12_HOURS = (
    "Value 43200 for parameter VisibilityTimeout is invalid. "
    "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
)


def hide(sqs, queue, handle, seconds):
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=seconds)


# Timeouts


def test_a_received_message_is_hidden(sqs, queue):
    send(sqs, queue, "hello")
    receive_one(sqs, queue)
    assert receive(sqs, queue) == []
    assert counters(sqs, queue) == (0, 1, 0)


def test_a_message_comes_back_when_its_timeout_is_over(sqs, make_queue):
    queue = make_queue(VisibilityTimeout=1)
    send(sqs, queue, "hello")
    first = receive_one(sqs, queue)
    started = time.monotonic()
    second = receive_one(sqs, queue, WaitTimeSeconds=5)
    assert 0.8 < time.monotonic() - started < 2
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_that_came_back_keeps_its_place(sqs, queue):
    send(sqs, queue, "1", "2", "3")
    receive_one(sqs, queue, VisibilityTimeout=0)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["1", "2", "3"]


def test_a_receive_with_timeout_0_counts_but_does_not_hide(sqs, queue):
    send(sqs, queue, "hello")
    counts = [
        receive_one(sqs, queue, VisibilityTimeout=0)["Attributes"]["ApproximateReceiveCount"] for _ in range(3)
    ]
    assert counts == ["1", "2", "3"]
    assert counters(sqs, queue) == (1, 0, 0)


def test_the_timeout_of_a_receive_holds_for_that_receive_only(sqs, make_queue):
    queue = make_queue(VisibilityTimeout=0)
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue, VisibilityTimeout=100)["ReceiptHandle"]
    assert receive(sqs, queue) == []
    hide(sqs, queue, handle, 0)
    receive_one(sqs, queue)
    assert counters(sqs, queue) == (1, 0, 0)


# ChangeMessageVisibility


def test_a_message_is_given_back_at_once(sqs, queue):
    send(sqs, queue, "hello")
    hide(sqs, queue, receive_one(sqs, queue)["ReceiptHandle"], 0)
    assert counters(sqs, queue) == (1, 0, 0)
    assert receive_one(sqs, queue)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_timeout_is_extended_from_now(sqs, make_queue):
    queue = make_queue(VisibilityTimeout=1)
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    hide(sqs, queue, handle, 30)
    assert receive(sqs, queue, WaitTimeSeconds=2) == []
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    assert counters(sqs, queue) == (0, 0, 0)


def test_a_timeout_is_shortened_to_now_and_a_second(sqs, queue):
    send(sqs, queue, "hello")
    hide(sqs, queue, receive_one(sqs, queue)["ReceiptHandle"], 1)
    assert receive(sqs, queue) == []
    assert receive_one(sqs, queue, WaitTimeSeconds=5)["Body"] == "hello"


@pytest.mark.parametrize("seconds", [-1, 43201])
def test_a_timeout_is_0_to_43200_seconds(sqs, queue, seconds):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    with refused("InvalidParameterValueException"):
        hide(sqs, queue, handle, seconds)


def test_changing_visibility_needs_a_timeout_and_a_handle(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    for parameters in ({"ReceiptHandle": handle}, {"VisibilityTimeout": 1}):
        with refused("MissingRequiredParameterException"):
            sqs.change_message_visibility(QueueUrl=queue, **parameters)
    with refused("ReceiptHandleIsInvalid", 'The input receipt handle "x" is not a valid receipt handle.'):
        hide(sqs, queue, "x", 1)


def test_no_message_stays_hidden_beyond_12_hours_after_its_receive(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    hide(sqs, queue, handle, 43200)

    def is_refused():
        try:
            hide(sqs, queue, handle, 43200)
        except sqs.exceptions.ClientError as error:
            return error.response["Error"]

    error = eventually(is_refused, every=0.1)
    assert (error["Code"], error["Message"]) == ("InvalidParameterValue", BEYOND_12_HOURS)
    hide(sqs, queue, handle, 43100)


# Old handles. A receive with timeout 0 gives a handle whose timeout is over at once.


def test_a_handle_whose_timeout_is_over_still_deletes(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    assert counters(sqs, queue) == (0, 0, 0)


def test_a_handle_whose_timeout_is_over_still_hides(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    hide(sqs, queue, handle, 100)
    assert receive(sqs, queue) == []
    assert counters(sqs, queue) == (0, 1, 0)


def test_an_old_handle_deletes_after_a_newer_receive(sqs, queue):
    send(sqs, queue, "hello")
    old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    receive_one(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old)
    assert counters(sqs, queue) == (0, 0, 0)


def test_an_old_handle_gives_back_after_a_newer_receive(sqs, queue):
    send(sqs, queue, "hello")
    old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    receive_one(sqs, queue)
    hide(sqs, queue, old, 0)
    assert counters(sqs, queue) == (1, 0, 0)


def test_a_deleted_message_cannot_be_hidden(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with refused("InvalidParameterValueException", UNAVAILABLE.format(handle)):
        hide(sqs, queue, handle, 1)


def test_a_purged_message_cannot_be_hidden(sqs, queue):
    send(sqs, queue, "hello")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    sqs.purge_queue(QueueUrl=queue)
    with refused("InvalidParameterValueException", UNAVAILABLE.format(handle)):
        hide(sqs, queue, handle, 1)


def test_handles_of_one_message_do_not_touch_another(sqs, queue):
    send(sqs, queue, "1", "2")
    one, two = receive(sqs, queue, MaxNumberOfMessages=2)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    hide(sqs, queue, two["ReceiptHandle"], 0)
    assert receive_one(sqs, queue)["Body"] == "2"


# Delays


def test_a_delayed_message_comes_after_its_delay(sqs, queue):
    started = time.monotonic()
    send(sqs, queue, "hello", DelaySeconds=1)
    assert receive(sqs, queue) == []
    assert counters(sqs, queue) == (0, 0, 1)
    message = receive_one(sqs, queue, WaitTimeSeconds=5)
    assert 0.9 < time.monotonic() - started < 2
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert counters(sqs, queue) == (0, 1, 0)


def test_the_delay_of_the_queue_holds_unless_the_message_has_its_own(sqs, make_queue):
    queue = make_queue(DelaySeconds=900)
    send(sqs, queue, "delayed")
    send(sqs, queue, "at once", DelaySeconds=0)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["at once"]
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesDelayed") == "1"


@pytest.mark.parametrize("delay", [0, 900])
def test_both_ends_of_the_range_of_delays(sqs, queue, delay):
    send(sqs, queue, "hello", DelaySeconds=delay)
    assert counters(sqs, queue) == ((1, 0, 0) if delay == 0 else (0, 0, 1))
