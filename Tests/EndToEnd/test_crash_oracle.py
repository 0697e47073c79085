"""The oracle of the crash loop: it is content with good histories, and catches every kind of bad one."""

import sqlite3

import pytest

from clients import boto_client
from crash import oracle, rows
from crash.history import (
    LOST,
    REFUSED,
    ChangeVisibility,
    Delete,
    Delivery,
    History,
    Purge,
    QueuePlan,
    Receive,
    Send,
    StartMove,
)

PLANS = [
    QueuePlan("q"),
    QueuePlan("other"),
    QueuePlan("failing", dead_letter_queue="dead"),
    QueuePlan("dead"),
    QueuePlan("q.fifo"),
    QueuePlan("failing.fifo", dead_letter_queue="dead.fifo"),
    QueuePlan("dead.fifo"),
]


class Story:
    """Writes a history by hand: each operation takes a second of its own, unless its times are given."""

    def __init__(self):
        self.operations = []
        self.now = 0.0
        self.sequence = 0
        self.counts = {}

    def add(self, operation):
        self.operations.append(operation)
        return operation

    def times(self, given):
        start = given.pop("start", self.now)
        end = given.pop("end", start + 1)
        self.now = max(self.now, end) + 1
        return {"start": start, "end": end, **given}

    def send(self, queue, token, **fields):
        if queue.endswith(".fifo"):
            self.sequence += 1
            fields = {"group": "g", "sequence": self.sequence, **fields}
        return self.add(
            Send(
                queue=queue,
                token=token,
                **{"body": f"{token} body", "message_id": f"id-{token}", **self.times(fields)},
            )
        )

    def delivery(self, sent, **fields):
        """What a receive gives of a sent message, with the next receive count."""
        message_id = fields.get("message_id", sent.message_id or f"id-{sent.token}")
        self.counts[message_id] = fields.get("count", self.counts.get(message_id, 0) + 1)
        first = {"first_received": int(self.now * 1000)}
        given = {"body": sent.body, "group": sent.group, "sequence": sent.sequence, **first, **fields}
        return Delivery(token=sent.token, **{**given, "message_id": message_id, "count": self.counts[message_id]})

    def receive(self, queue, *deliveries, timeout=0, **fields):
        given = [each if isinstance(each, Delivery) else self.delivery(each) for each in deliveries]
        return self.add(Receive(queue=queue, timeout=timeout, deliveries=given, **self.times(fields)))

    def delete(self, received, **fields):
        return self.add(
            Delete(queue=received.queue, delivery=received.deliveries[0], receive=received, **self.times(fields))
        )

    def change(self, received, timeout=0, **fields):
        return self.add(
            ChangeVisibility(
                queue=received.queue, delivery=received.deliveries[0], timeout=timeout, **self.times(fields)
            )
        )

    def purge(self, queue, **fields):
        return self.add(Purge(queue=queue, **self.times(fields)))

    def move(self, queue, **fields):
        return self.add(StartMove(queue=queue, **self.times(fields)))

    def violations(self, drain_start=None):
        """The rules that were broken. Without a drain of its own the story ends with what it last received."""
        drain_start = self.now if drain_start is None else drain_start
        found = oracle.violations(History(PLANS, self.operations, drain_start))
        return {line.partition(":")[0] for line in found}


@pytest.fixture
def story():
    return Story()


# Good histories


def test_a_quiet_life_is_no_violation(story):
    sent = story.send("q", "a")
    story.delete(story.receive("q", sent, timeout=30))
    assert story.violations() == set()


def test_a_message_that_is_still_there_in_the_end_is_no_violation(story):
    sent = story.send("q", "a")
    story.receive("q", sent)
    assert story.violations(drain_start=2) == set()


@pytest.mark.parametrize("outcome", [LOST, REFUSED])
def test_what_was_not_acknowledged_may_be_missing(story, outcome):
    error = "connection closed" if outcome == LOST else None
    story.send("q", "a", outcome=outcome, message_id=None, error=error)
    assert story.violations() - {"unexpected answer"} == set()


def test_what_was_in_doubt_may_be_there(story):
    sent = story.send("q", "a", outcome=LOST, message_id=None)
    story.receive("q", sent)
    assert story.violations(drain_start=2) == set()


def test_a_delete_in_doubt_may_have_happened_or_not(story):
    sent = story.send("q", "a")
    story.delete(story.receive("q", sent, timeout=1), outcome=LOST)
    assert story.violations() == set()
    story.receive("q", sent)
    assert story.violations(drain_start=0) == {"unexpected answer"}  # a lost answer in a drain, and nothing else


def test_what_was_sent_beside_a_purge_may_be_there_or_not(story):
    sent = story.send("q", "a", start=0, end=10)
    story.purge("q", start=5, end=6)
    assert story.violations() == set()
    story.receive("q", sent)
    assert story.violations(drain_start=0) == set()


def test_a_purge_in_doubt_may_have_happened_or_not(story):
    sent = story.send("q", "a")
    story.purge("q", outcome=LOST)
    assert story.violations() == set()
    story.receive("q", sent)
    assert story.violations(drain_start=5) == set()


def test_a_repeat_in_a_fifo_queue_is_one_message(story):
    first = story.send("q.fifo", "a", outcome=LOST, message_id=None, sequence=None)
    story.send("q.fifo", "a", sequence=1)
    story.send("q.fifo", "a", sequence=1)
    story.delete(story.receive("q.fifo", story.delivery(first, sequence=1), timeout=30))
    assert story.violations() == set()


def test_after_a_purge_a_repeat_is_a_message_of_its_own(story):
    story.send("q.fifo", "a", message_id="one")
    story.purge("q.fifo")
    again = story.send("q.fifo", "a", message_id="two")
    story.receive("q.fifo", again)
    assert story.violations(drain_start=story.now - 2) == set()


def test_a_dead_letter_queue_may_have_it_then(story):
    sent = story.send("failing", "a")
    story.receive("failing", sent)
    story.receive("failing", sent)
    story.receive("dead", sent)
    assert story.violations(drain_start=6) == set()


def test_a_delete_that_came_too_late_for_a_move_to_the_dead_letter_queue_is_no_violation(story):
    sent = story.send("failing", "a")
    received = story.receive("failing", sent, timeout=1)
    story.delete(received, start=10)
    story.receive("dead", sent)
    assert story.violations() == set()


def test_a_move_back_gives_a_new_id(story):
    sent = story.send("failing", "a")
    story.receive("dead", sent)
    story.move("dead")
    story.receive("failing", story.delivery(sent, message_id="new"))
    story.receive("dead", story.delivery(sent, message_id="new"))
    assert story.violations(drain_start=story.now - 2) == set()


def test_a_message_may_come_early_after_its_visibility_was_changed(story):
    sent = story.send("q", "a")
    received = story.receive("q", sent, timeout=30)
    story.change(received)
    story.receive("q", sent)
    assert story.violations(drain_start=story.now - 2) == set()


def test_a_repeated_receive_attempt_gives_the_same_again(story):
    sent = story.send("q.fifo", "a")
    for _ in range(2):
        story.receive("q.fifo", story.delivery(sent, count=1), timeout=30, attempt="x")
    assert story.violations(drain_start=2) == set()


# Bad histories, one for each kind of violation


def test_a_lost_message_is_caught(story):
    story.send("q", "a")
    assert story.violations() == {"lost"}


def test_a_message_that_was_only_received_and_is_gone_is_caught(story):
    sent = story.send("q", "a")
    story.receive("q", sent)
    assert story.violations() == {"lost"}


def test_a_message_whose_delete_was_refused_and_is_gone_is_caught(story):
    sent = story.send("q.fifo", "a")
    story.delete(story.receive("q.fifo", sent), outcome=REFUSED, error="InvalidParameterValue")
    assert story.violations() == {"lost"}


def test_a_message_that_was_sent_after_the_purge_and_is_gone_is_caught(story):
    story.purge("q")
    story.send("q", "a")
    assert story.violations() == {"lost"}


def test_a_message_that_comes_back_after_its_delete_is_caught(story):
    sent = story.send("q", "a")
    story.delete(story.receive("q", sent))
    story.receive("q", sent)
    assert story.violations(drain_start=0) == {"came back after a delete"}


def test_a_message_that_comes_back_in_its_dead_letter_queue_is_caught(story):
    sent = story.send("failing", "a")
    story.delete(story.receive("failing", sent, timeout=30))
    story.receive("dead", sent)
    assert "came back after a delete" in story.violations(drain_start=0)


def test_a_repeat_that_is_delivered_after_the_delete_is_caught(story):
    sent = story.send("q.fifo", "a")
    story.delete(story.receive("q.fifo", sent, timeout=30))
    story.send("q.fifo", "a", sequence=1)
    story.receive("q.fifo", story.delivery(sent, message_id="another"))
    assert story.violations(drain_start=0) == {"came back after a delete", "duplicated"}


def test_a_message_that_comes_back_after_a_purge_is_caught(story):
    sent = story.send("q", "a")
    story.purge("q")
    story.receive("q", sent)
    assert story.violations(drain_start=0) == {"came back after a purge"}


def test_a_message_that_nobody_sent_is_caught(story):
    story.receive("q", Delivery(token="a", body="a body", message_id="id", count=1))
    assert story.violations() == {"unexpected message"}


def test_a_message_whose_send_was_refused_is_caught(story):
    sent = story.send("q", "a", outcome=REFUSED, message_id=None)
    story.receive("q", sent)
    assert story.violations() == {"unexpected answer", "unexpected message"}


def test_a_message_in_a_queue_of_others_is_caught(story):
    sent = story.send("q", "a")
    story.receive("other", sent)
    assert story.violations(drain_start=2) == {"unexpected message"}


@pytest.mark.parametrize("change", [{"body": "a Body"}, {"group": "h"}])
def test_a_changed_message_is_caught(story, change):
    sent = story.send("q", "a")
    story.receive("q", story.delivery(sent, **change))
    assert story.violations(drain_start=2) == {"unexpected message"}


def test_another_message_id_than_was_acknowledged_is_caught(story):
    sent = story.send("q", "a")
    story.receive("q", story.delivery(sent, message_id="another"))
    assert story.violations(drain_start=2) == {"duplicated"}


def test_two_messages_of_one_send_in_doubt_are_caught(story):
    sent = story.send("q", "a", outcome=LOST, message_id=None)
    story.receive("q", story.delivery(sent, message_id="one"))
    story.receive("q", story.delivery(sent, message_id="two"))
    assert story.violations(drain_start=2) == {"duplicated"}


def test_a_repeat_that_is_given_another_id_is_caught(story):
    story.send("q.fifo", "a", message_id="one")
    sent = story.send("q.fifo", "a", message_id="two")
    story.receive("q.fifo", sent)
    assert "duplicated" in story.violations(drain_start=4)


def test_a_sequence_number_that_falls_is_caught(story):
    sent = [story.send("q.fifo", "a", sequence=5, group="g"), story.send("q.fifo", "b", sequence=4, group="h")]
    story.receive("q.fifo", *sent)
    assert story.violations(drain_start=4) == {"sequence number did not rise"}


def test_a_sequence_number_that_is_given_twice_is_caught(story):
    times = {"start": 0, "end": 2}
    sent = [story.send("q.fifo", token, sequence=5, group=token, **times) for token in "ab"]
    story.receive("q.fifo", *sent)
    assert story.violations(drain_start=2) == {"sequence number did not rise"}


def test_a_group_in_another_order_is_caught(story):
    a, b = story.send("q.fifo", "a"), story.send("q.fifo", "b")
    story.receive("q.fifo", b)
    story.receive("q.fifo", a)
    assert story.violations(drain_start=0) == {"out of order"}


def test_a_group_in_another_order_is_caught_by_the_time_of_the_first_receive(story):
    a, b = story.send("q.fifo", "a"), story.send("q.fifo", "b")
    story.receive("q.fifo", story.delivery(a, first_received=7), story.delivery(b, first_received=6))
    assert story.violations(drain_start=0) == {"out of order"}


def test_another_order_within_one_receive_is_caught(story):
    a, b = story.send("q.fifo", "a"), story.send("q.fifo", "b")
    story.receive("q.fifo", b, a)
    assert story.violations(drain_start=0) == {"out of order"}


@pytest.mark.parametrize("second", [2, 1])
def test_a_receive_count_that_does_not_rise_is_caught(story, second):
    sent = story.send("q", "a")
    story.receive("q", story.delivery(sent, count=2))
    story.receive("q", story.delivery(sent, count=second))
    assert story.violations(drain_start=0) == {"receive count fell"}


def test_a_receive_count_that_starts_anew_in_the_dead_letter_queue_is_caught(story):
    sent = story.send("failing", "a")
    story.receive("failing", story.delivery(sent, count=2))
    story.receive("dead", story.delivery(sent, count=1))
    assert story.violations(drain_start=0) == {"receive count fell"}


def test_two_receives_at_one_time_that_give_the_same_message_are_caught(story):
    sent = story.send("q", "a")
    for _ in range(2):
        story.receive("q", story.delivery(sent, count=1), start=5, end=6)
    assert story.violations(drain_start=0) == {"receive count fell"}


def test_a_message_in_two_queues_is_caught(story):
    sent = story.send("failing", "a")
    for queue in ("failing", "dead", "failing"):
        story.receive(queue, sent)
    assert story.violations(drain_start=0) == {"in two queues"}


def test_a_message_that_a_move_has_doubled_is_caught(story):
    sent = story.send("failing", "a")
    story.receive("dead", sent)
    story.move("dead")
    story.receive("failing", story.delivery(sent, message_id="new"))
    story.receive("dead", sent)
    assert story.violations(drain_start=0) == {"in two queues"}


def test_a_message_that_is_released_early_is_caught(story):
    sent = story.send("q", "a")
    story.receive("q", sent, timeout=30)
    story.receive("q", sent)
    assert story.violations(drain_start=0) == {"released early"}


def test_an_error_without_reason_is_caught(story):
    story.send("q", "a", outcome=REFUSED, error="InternalFailure")
    assert story.violations() == {"unexpected answer"}


def test_a_daemon_that_does_not_answer_is_caught(story):
    story.send("q", "a", outcome=LOST, error="no answer in time")
    assert story.violations() == {"unexpected answer"}


def test_a_daemon_that_dies_without_a_kill_is_caught(story):
    sent = story.send("q", "a", outcome=LOST, error="connection closed")
    assert story.violations(drain_start=sent.start) == {"unexpected answer"}


# Files


@pytest.fixture
def file(private_daemon):
    """The file of a stopped daemon with two queues of two messages, open for mischief."""
    client = boto_client(private_daemon)
    for name in ("one", "two"):
        queue = client.create_queue(QueueName=name)["QueueUrl"]
        for number in (1, 2):
            client.send_message(QueueUrl=queue, MessageBody=f"{name}.{number} body")
    private_daemon.stop()
    file = sqlite3.connect(private_daemon.database, isolation_level=None)
    yield file
    file.close()


def broken_rules(file):
    [(_, _, path)] = file.execute("PRAGMA database_list")
    return {line.partition(":")[0] for line in rows.violations(path)}


def test_a_file_as_the_daemon_left_it_is_sound(file):
    assert broken_rules(file) == set()


@pytest.mark.parametrize(
    "mischief, rules",
    [
        ("UPDATE backlog SET ready = 3 WHERE id = 1", {"counters differ from the rows"}),
        ("UPDATE backlog SET fresh_from = 1000000 WHERE id = 1", {"fresh message where none is looked for"}),
        ("DELETE FROM message_body WHERE body LIKE 'one.1 %'", {"message without a body"}),
        (
            "DELETE FROM message WHERE id = (SELECT max(id) FROM message)",
            {"body without a message", "counters differ from the rows"},
        ),
        ("UPDATE message SET message_id = x'00'", {"message id in two places"}),
        ("UPDATE message_body SET body = 'same body'", {"message in two places"}),
        (
            "UPDATE store_setting SET value = 1 WHERE name = 'sequence_reserved'",
            {"sequence number that was not reserved"},
        ),
    ],
)
def test_rows_that_contradict_each_other_are_caught(file, mischief, rules):
    file.execute(mischief)
    assert broken_rules(file) == rules


def test_damage_is_caught(file):
    file.execute("PRAGMA writable_schema = ON")
    file.execute("UPDATE sqlite_schema SET sql = replace(sql, 'state = 0', 'state = -1') WHERE name = 'message_ready'")
    assert broken_rules(file) == {"integrity check"}
