"""Decides from a history what the daemon did wrong: Jepsen's total-queue checker, told the rules of SQS.

The one certainty about time is that an operation took effect between its start and its end. Whatever another order
within those bounds, or the fate of an operation without an answer, could explain is no violation.
"""

from collections import defaultdict
from dataclasses import dataclass

from crash.history import LOST, OK, REFUSED, ChangeVisibility, Delete, Delivery, Purge, Receive, Send, StartMove

# A repeat is surely recognised within this time; the daemon remembers for 300 s.
DEDUPLICATION_SECONDS = 290
# The daemon takes the time once for a batch of requests, so a timeout may begin a little before its request came.
CLOCK_MARGIN_SECONDS = 0.1

# Refusals that say no more than that a handle or a receive attempt is not good any more, or that a move runs already.
EXPECTED_REFUSALS = {kind: {"InvalidParameterValue"} for kind in (Delete, ChangeVisibility, Receive, StartMove)}


def violations(history):
    """One line for each violation, beginning with the rule that was broken."""
    facts = Facts(history)
    return [f"{rule.__name__.replace('_', ' ')}: {found}" for rule in RULES for found in rule(facts)]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message as one receive saw it."""

    receive: Receive
    delivery: Delivery

    @property
    def start(self):
        return self.receive.start

    @property
    def end(self):
        return self.receive.end


class Facts:
    """A history, arranged for look-ups."""

    def __init__(self, history):
        self.history = history
        self.plans = {plan.name: plan for plan in history.plans}
        self.sends = grouped(history.of(Send), lambda send: send.token)
        self.receives = history.of(Receive)
        sightings = [Sighting(receive, each) for receive in self.receives for each in receive.deliveries]
        self.sightings = grouped(sightings, lambda sighting: sighting.delivery.token)
        self.sightings_by_id = grouped(sightings, lambda sighting: sighting.delivery.message_id)
        self.deletes = [delete for delete in history.of(Delete) if delete.may_have_happened]
        self.deletes_by_token = grouped(self.deletes, lambda delete: delete.delivery.token)
        changes = [change for change in history.of(ChangeVisibility) if change.may_have_happened]
        self.changes_by_id = grouped(changes, lambda change: change.delivery.message_id)
        self.purges, self.moves = (
            grouped([each for each in history.of(kind) if each.may_have_happened], lambda each: each.queue)
            for kind in (Purge, StartMove)
        )

    def acknowledged(self, token):
        return [send for send in self.sends.get(token, []) if send.outcome == OK]

    def origin(self, token):
        """The plan of the queue that a message was sent to."""
        return self.plans[self.sends[token][0].queue]

    def is_one_message(self, token):
        """Whether all attempts to send it must have come to one message. A purge forgets what was sent before it."""
        attempts = self.sends[token]
        start, end = attempts[0].start, max(attempt.end for attempt in attempts)
        if end - start > DEDUPLICATION_SECONDS:
            return False
        return len(attempts) == 1 or not any(overlap(each, start, end) for each in self.purges[attempts[0].queue])

    def first_move(self, token):
        """When a move may first have given this message a new id."""
        return min((move.start for move in self.moves[self.origin(token).dead_letter_queue]), default=float("inf"))


def grouped(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def overlap(operation, start, end):
    return operation.start < end and operation.end > start


def not_rising(items, value):
    """Pairs of items of which one surely came after the other, but whose value is not higher."""
    by_end, finished, highest = sorted(items, key=lambda item: item.end), 0, None
    for item in sorted(items, key=lambda item: item.start):
        while by_end[finished].end < item.start:
            if highest is None or value(by_end[finished]) > value(highest):
                highest = by_end[finished]
            finished += 1
        if highest is not None and value(item) <= value(highest):
            yield highest, item


# The rules


def unexpected_answer(facts):
    """Nothing is refused without reason, and a daemon that nobody kills answers."""
    for operation in facts.history.operations:
        if operation.outcome == REFUSED and operation.error not in EXPECTED_REFUSALS.get(type(operation), ()):
            yield f"{type(operation).__name__} on {operation.queue} was refused with {operation.error}"
        elif operation.outcome == LOST and operation.error == "no answer in time":
            yield f"{type(operation).__name__} on {operation.queue} got no answer"
        elif operation.outcome == LOST and operation.start >= facts.history.drain_start:
            yield f"{type(operation).__name__} on {operation.queue} lost its answer though nothing was killed"


def lost(facts):
    """What was acknowledged and neither deleted nor purged is there in the end."""
    for token in facts.sends:
        acknowledged = facts.acknowledged(token)
        if not acknowledged or token in facts.deletes_by_token:
            continue
        plan, sent_at = facts.origin(token), max(send.start for send in acknowledged)
        if any(purge.end > sent_at for name in (plan.name, plan.dead_letter_queue) for purge in facts.purges[name]):
            continue
        if not any(sighting.start >= facts.history.drain_start for sighting in facts.sightings[token]):
            yield f"{token}, acknowledged by {plan.name}, {len(facts.sightings[token])} times received, is gone"


def unexpected_message(facts):
    """Nothing is received that was not sent, nor where it was not sent to, nor other than it was sent."""
    for token, sightings in facts.sightings.items():
        attempts = [send for send in facts.sends.get(token, []) if send.may_have_happened]
        if not attempts:
            yield f"{token} was received from {sightings[0].receive.queue} but never sent"
            continue
        plan = facts.origin(token)
        for sighting in sightings:
            if sighting.receive.queue not in (plan.name, plan.dead_letter_queue):
                yield f"{token}, sent to {plan.name}, was received from {sighting.receive.queue}"
            if (sighting.delivery.body, sighting.delivery.group) != (attempts[0].body, attempts[0].group):
                yield f"{token} was received with another body or group than it was sent with"


def duplicated(facts):
    """One message has one id, however often its send was repeated; only a move gives it another."""
    for token in facts.sends:
        if not facts.is_one_message(token):
            continue
        ids = {send.message_id for send in facts.acknowledged(token)}
        before = facts.first_move(token)
        ids |= {sighting.delivery.message_id for sighting in facts.sightings[token] if sighting.end < before}
        if len(ids) > 1:
            yield f"{token} is more than one message: {', '.join(sorted(ids))}"


def came_back_after_a_delete(facts):
    """After the answer to its delete a message is not received any more."""
    for delete in facts.deletes:
        if delete.outcome != OK:
            continue
        token, message_id = delete.delivery.token, delete.delivery.message_id
        for sighting in facts.sightings[token]:
            if sighting.start <= delete.end:
                continue
            # A handle that had run out deletes nothing if the message had gone on to another queue.
            is_same = sighting.delivery.message_id == message_id and sighting.receive.queue == delete.queue
            if is_same or (was_held(facts, delete) and token in facts.sends and facts.is_one_message(token)):
                yield f"{token}, deleted from {delete.queue}, was received from {sighting.receive.queue}"


def was_held(facts, delete):
    """Whether the message was surely in flight, and so where its handle says, when it was deleted."""
    received = delete.receive
    changes = facts.changes_by_id[delete.delivery.message_id]
    return delete.end < received.start + received.timeout - CLOCK_MARGIN_SECONDS and not any(
        overlap(change, received.start, delete.end) for change in changes
    )


def came_back_after_a_purge(facts):
    """What was sent before a purge is not received after it."""
    for queue, purges in facts.purges.items():
        for token, attempts in facts.sends.items():
            if attempts[0].queue != queue:
                continue
            sent_by = max(attempt.end for attempt in attempts)
            for sighting in facts.sightings[token]:
                if any(sent_by < each.start and each.end < sighting.start for each in purges if each.outcome == OK):
                    yield f"{token} was received from {sighting.receive.queue}"


def sequence_number_did_not_rise(facts):
    """Over the sends of a FIFO queue."""
    for queue, tokens in grouped(facts.sends, lambda token: facts.sends[token][0].queue).items():
        if not facts.plans[queue].is_fifo:
            continue
        sent = [Sent(facts, token) for token in tokens if facts.acknowledged(token) and facts.is_one_message(token)]
        for earlier, later in not_rising(sent, lambda each: each.sequence):
            yield f"{queue}: {earlier.token} has {earlier.sequence}, {later.token} sent after it {later.sequence}"
        by_sequence = grouped(sent, lambda each: each.sequence)
        for sequence, same in by_sequence.items():
            if len(same) > 1:
                yield f"{queue}: {', '.join(each.token for each in same)} all have {sequence}"


class Sent:
    """All attempts to send a message as one send: it came into its queue between the first's start and `end`."""

    def __init__(self, facts, token):
        acknowledged = facts.acknowledged(token)
        self.token = token
        self.start = facts.sends[token][0].start
        self.end = min(send.end for send in acknowledged)
        self.message_id = acknowledged[0].message_id
        self.sequence = acknowledged[0].sequence


def out_of_order(facts):
    """A message group is received in the order of its sends, and within one answer in the order of the sequence."""
    for receive in facts.receives:
        for group, deliveries in grouped(receive.deliveries, lambda delivery: delivery.group).items():
            sequences = [delivery.sequence for delivery in deliveries]
            if facts.plans[receive.queue].is_fifo and sequences != sorted(set(sequences)):
                yield f"one receive from {receive.queue} gave group {group} as {sequences}"
    groups = grouped(facts.sends, lambda token: (facts.sends[token][0].queue, facts.sends[token][0].group))
    for (queue, group), tokens in groups.items():
        if facts.plans[queue].is_fifo:
            yield from group_out_of_order(facts, queue, group, tokens)


def group_out_of_order(facts, queue, group, tokens):
    """One client sends a group, one request after the other: the order of the attempts is the order of the group."""
    before = None
    for token in tokens:
        if not facts.acknowledged(token) or not facts.is_one_message(token):
            continue
        message_id = Sent(facts, token).message_id
        seen = [each for each in facts.sightings_by_id[message_id] if each.receive.queue == queue]
        if not seen:
            continue
        first = min(seen, key=lambda sighting: sighting.end)
        if before:
            # The daemon's own time of the first receive tells the order also where an answer got lost.
            told_wrong = first.delivery.first_received < before.delivery.first_received
            if told_wrong or first.end < min(each.start for each in facts.sightings_by_id[before.delivery.message_id]):
                yield f"{queue}: of group {group}, {token} was received before {before.delivery.token}"
        before = first


def receive_count_fell(facts):
    """Every receive of a message counts one more, also after a restart and in its dead-letter queue."""
    for message_id, sightings in facts.sightings_by_id.items():
        receives = without_replays(sightings)
        for earlier, later in not_rising(receives, lambda each: each.delivery.count):
            yield f"{later.delivery.token} {message_id}: {earlier.delivery.count}, then {later.delivery.count}"
        for count, same in grouped(receives, lambda each: each.delivery.count).items():
            if len(same) > 1:
                yield f"{same[0].delivery.token} {message_id}: {len(same)} receives had the count {count}"


def without_replays(sightings):
    """A receive attempt that was repeated is one receive: the first of its answers."""
    attempts = {each.receive.attempt or id(each.receive): each for each in reversed(sightings)}
    return sorted(attempts.values(), key=lambda each: each.start)


def in_two_queues(facts):
    """A message that was seen elsewhere, or as another one, is not seen at its old place again."""
    for token, sightings in facts.sightings.items():
        places = grouped(sightings, lambda each: (each.receive.queue, each.delivery.message_id))
        for place, seen in places.items():
            first_end, last_start = min(each.end for each in seen), max(each.start for each in seen)
            for other, elsewhere in places.items():
                if other != place and any(first_end < each.start and each.end < last_start for each in elsewhere):
                    yield f"{token} was in {place[0]} as {place[1]} while it was in {other[0]} as {other[1]}"


def released_early(facts):
    """A received message stays hidden until its visibility timeout is over or is changed."""
    for message_id, sightings in facts.sightings_by_id.items():
        receives = sorted(without_replays(sightings), key=lambda each: each.delivery.count)
        for held, again in zip(receives, receives[1:]):
            if again.end < held.start:
                continue  # the counts are wrong
            if again.end >= held.start + held.receive.timeout - CLOCK_MARGIN_SECONDS:
                continue
            if not any(overlap(change, held.start, again.end) for change in facts.changes_by_id[message_id]):
                early = held.start + held.receive.timeout - again.end
                yield f"{again.delivery.token} {message_id} came {early:.3f} s before its timeout was over"


RULES = [
    unexpected_answer,
    lost,
    unexpected_message,
    duplicated,
    came_back_after_a_delete,
    came_back_after_a_purge,
    sequence_number_did_not_rise,
    out_of_order,
    receive_count_fell,
    in_two_queues,
    released_early,
]
