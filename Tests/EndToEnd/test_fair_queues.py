"""Fair queues: a noisy message group on a standard queue does not keep quiet groups waiting.

Waiting is counted in receives, not in seconds: the dwell time of a message is how many receives of ten were answered
between its send and its own.
"""

from collections import deque
from itertools import count

from checks import bodies, counters, receive, send

ROUNDS = 10
# The consumers hold this many batches of ten before they delete the oldest.
BATCHES_IN_WORK = 8


def fill(sqs, queue, number_of_messages, group=None):
    """Sends messages in batches of ten; `group` is their message group, if any."""
    options = {} if group is None else {"MessageGroupId": group}
    for _ in range(0, number_of_messages, 10):
        entries = [{"Id": str(number), "MessageBody": "noisy", **options} for number in range(10)]
        assert "Failed" not in sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def receive_ten(sqs, queue):
    return receive(sqs, queue, MaxNumberOfMessages=10)


def delete(sqs, queue, messages):
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)
    ]
    if entries:
        assert "Failed" not in sqs.delete_message_batch(QueueUrl=queue, Entries=entries)


def dwell_times(sqs, queue):
    """Lets three quiet tenants send a message in each of ten rounds, while consumers receive a batch a round and work
    on it for some rounds; for each quiet message, how many receives it waited for."""
    in_work, sent_in, dwell = deque(), {}, []
    for turn in count():
        if turn < ROUNDS:
            names = [f"{tenant}{turn}" for tenant in ("a", "b", "c")]
            entries = [{"Id": name, "MessageBody": name, "MessageGroupId": f"quiet-{name[0]}"} for name in names]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)
            sent_in.update(dict.fromkeys(names, turn))
        elif not sent_in:
            return dwell
        messages = receive_ten(sqs, queue)
        assert messages, f"still waiting: {sent_in}"
        dwell += [turn - sent_in.pop(body) for body in bodies(messages) if body in sent_in]
        in_work.append(messages)
        if len(in_work) > BATCHES_IN_WORK:
            delete(sqs, queue, in_work.popleft())


def queue_with_backlog(sqs, make_queue, group):
    """A queue with a hundred messages of the noisy tenant waiting and forty in flight."""
    queue = make_queue()
    fill(sqs, queue, 140, group)
    for _ in range(4):
        receive_ten(sqs, queue)
    return queue


def test_quiet_groups_dwell_as_long_beside_a_noisy_one_as_alone(sqs, make_queue, record_property):
    dwell = {
        "alone": dwell_times(sqs, make_queue()),
        "beside a noisy group": dwell_times(sqs, queue_with_backlog(sqs, make_queue, group="noisy")),
        # The same load by a tenant that does not say who it is.
        "if all count alike": dwell_times(sqs, queue_with_backlog(sqs, make_queue, group=None)),
    }
    for name, times in dwell.items():
        record_property(f"receives waited {name}", f"mean {sum(times) / len(times):.1f}, most {max(times)}")
    assert dwell["alone"] == [0] * 30
    assert dwell["beside a noisy group"] == [0] * 30
    # The first wait for the whole backlog, and the last find the others' messages before them.
    assert (max(dwell["if all count alike"]), min(dwell["if all count alike"])) == (10, 3)


def test_what_is_left_of_each_receive_goes_to_the_noisy_group(sqs, queue):
    fill(sqs, queue, 100, group="noisy")
    for _ in range(4):
        receive_ten(sqs, queue)
    send(sqs, queue, "quiet", MessageGroupId="quiet")
    assert bodies(receive_ten(sqs, queue)) == ["quiet", *["noisy"] * 9]
    assert bodies(receive_ten(sqs, queue)) == ["noisy"] * 10


def test_messages_without_a_group_go_before_a_noisy_group(sqs, queue):
    fill(sqs, queue, 100, group="noisy")
    for _ in range(4):
        receive_ten(sqs, queue)
    send(sqs, queue, "1")
    send(sqs, queue, "2")
    assert bodies(receive_ten(sqs, queue)) == ["1", "2", *["noisy"] * 8]


def test_below_30_in_flight_a_group_is_not_noisy(sqs, queue):
    fill(sqs, queue, 50, group="large")
    for _ in range(2):
        receive_ten(sqs, queue)
    send(sqs, queue, "late", MessageGroupId="late")
    # Nine more make 29 in flight, the tenth 30.
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=9)) == ["noisy"] * 9
    assert bodies(receive(sqs, queue)) == ["noisy"]
    assert bodies(receive(sqs, queue)) == ["late"]


def test_a_tenth_of_all_in_flight_is_not_noisy(sqs, queue):
    fill(sqs, queue, 270)
    for _ in range(27):
        receive_ten(sqs, queue)
    fill(sqs, queue, 50, group="large")
    for _ in range(3):
        receive_ten(sqs, queue)
    assert counters(sqs, queue) == (20, 300, 0)
    send(sqs, queue, "late", MessageGroupId="late")
    # With 30 of 300 in flight the large group has its turn; with 31 of 301 it has more than its share.
    assert bodies(receive(sqs, queue)) == ["noisy"]
    assert bodies(receive(sqs, queue)) == ["late"]


def test_a_group_whose_messages_are_done_is_noisy_no_more(sqs, queue):
    fill(sqs, queue, 100, group="noisy")
    batches = [receive_ten(sqs, queue) for _ in range(4)]
    send(sqs, queue, "1", MessageGroupId="late")
    send(sqs, queue, "2", MessageGroupId="late")
    assert bodies(receive(sqs, queue)) == ["1"]
    for messages in batches:
        delete(sqs, queue, messages)
    assert bodies(receive(sqs, queue)) == ["noisy"]


def test_two_noisy_groups_are_both_served_behind_the_quiet_ones(sqs, queue):
    for group in ("loud", "louder"):
        fill(sqs, queue, 50, group=group)
    for _ in range(8):
        receive_ten(sqs, queue)
    send(sqs, queue, "quiet", MessageGroupId="quiet")
    assert bodies(receive(sqs, queue)) == ["quiet"]
    left = [message for _ in range(2) for message in receive_ten(sqs, queue)]
    assert len(left) == 20
    assert counters(sqs, queue) == (0, 101, 0)
