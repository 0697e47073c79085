"""What clients asked for and what they were told. The oracle judges by nothing else.

Times are seconds of the monotonic clock: `start` before the request was sent, `end` after the answer was read.
"""

from dataclasses import dataclass

OK = "ok"
REFUSED = "refused"  # an error was the answer: nothing was done
LOST = "lost"  # no answer came: it may have been done, or not


@dataclass(kw_only=True, slots=True)
class Operation:
    """A request that concerns one queue."""

    queue: str
    start: float
    end: float
    outcome: str = OK
    error: str | None = None  # the Query code of a refusal, or how the answer got lost

    @property
    def may_have_happened(self):
        return self.outcome != REFUSED


@dataclass(kw_only=True, slots=True)
class Send(Operation):
    """One attempt to send a message; an entry of a batch is one too. The same token again is the same message again."""

    token: str
    body: str
    group: str | None = None
    message_id: str | None = None
    sequence: int | None = None


@dataclass(kw_only=True, slots=True)
class Delivery:
    """One message of a receive."""

    token: str
    body: str
    message_id: str
    handle: str = ""
    count: int
    first_received: int = 0  # milliseconds, as the daemon tells
    group: str | None = None
    sequence: int | None = None


@dataclass(kw_only=True, slots=True)
class Receive(Operation):
    timeout: float
    deliveries: list
    attempt: str | None = None  # ReceiveRequestAttemptId: the same again may give the same deliveries again


@dataclass(kw_only=True, slots=True)
class Delete(Operation):
    """Of a delivery of `receive`."""

    delivery: Delivery
    receive: Receive


@dataclass(kw_only=True, slots=True)
class ChangeVisibility(Operation):
    delivery: Delivery
    timeout: float


@dataclass(kw_only=True, slots=True)
class Purge(Operation):
    pass


@dataclass(kw_only=True, slots=True)
class StartMove(Operation):
    """The start of a message move task; `queue` is the dead-letter queue that it empties."""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue of the crash loop and what clients do with it."""

    name: str
    dead_letter_queue: str | None = None
    is_sent_to: bool = True
    is_purged: bool = False
    attributes: tuple = ()  # pairs of name and value
    # How often a consumer deletes what it received, and how often it gives it back at once. Else it keeps it.
    deletes: float = 0.6
    gives_back: float = 0.2

    @property
    def is_fifo(self):
        return self.name.endswith(".fifo")


@dataclass
class History:
    plans: list  # of QueuePlan
    operations: list
    drain_start: float  # from here on nothing is killed, and everything that is left is received

    def of(self, kind):
        """The operations of one kind, in the order of their starts."""
        return sorted((each for each in self.operations if type(each) is kind), key=lambda each: each.start)
