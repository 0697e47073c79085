"""The clients of the crash loop: producers, consumers, one that purges and one that moves messages back.

Each is a thread with a connection, a random source and a history of its own.
"""

import random
import threading
import time

from crash.client import Client, Stopped
from crash.history import (
    LOST,
    OK,
    ChangeVisibility,
    Delete,
    Delivery,
    Purge,
    QueuePlan,
    Receive,
    Send,
    StartMove,
)

ACCOUNT = "000000000000"
FILLER = "The quick brown fox\tjümps över the lazy dog ✓ 😀 <&\"'>\r\n"
GROUPS_OF_A_PRODUCER = 3
PURGE_PAUSE_SECONDS = 0.7
MOVE_PAUSE_SECONDS = 0.2
FORGET_REPEATS_AFTER = 30  # messages: so that a repeat stays far within the five minutes of deduplication

PLANS = [
    QueuePlan("kept", deletes=0),
    QueuePlan("work"),
    QueuePlan("purged", is_purged=True),
    QueuePlan("failing", dead_letter_queue="dead", deletes=0.2, gives_back=0.6),
    QueuePlan("dead", is_sent_to=False),
    QueuePlan("ordered.fifo"),
    QueuePlan("purged.fifo", is_purged=True, attributes=(("ContentBasedDeduplication", "true"),)),
    QueuePlan(
        "failing.fifo",
        dead_letter_queue="dead.fifo",
        deletes=0.2,
        gives_back=0.6,
        attributes=(("DeduplicationScope", "messageGroup"), ("FifoThroughputLimit", "perMessageGroupId")),
    ),
    QueuePlan("dead.fifo", is_sent_to=False),
]


def queue_url(name):
    return f"http://127.0.0.1/{ACCOUNT}/{name}"


def queue_arn(name):
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def create_queues(client, plans):
    """Makes the queues; dead-letter queues first, because a redrive policy must name one that exists."""
    for plan in sorted(plans, key=lambda plan: plan.dead_letter_queue is not None):
        attributes = dict(plan.attributes)
        if plan.is_fifo:
            attributes["FifoQueue"] = "true"
        if plan.dead_letter_queue:
            target = queue_arn(plan.dead_letter_queue)
            attributes["RedrivePolicy"] = f'{{"deadLetterTargetArn":"{target}","maxReceiveCount":2}}'
        reply = client.call("CreateQueue", QueueName=plan.name, Attributes=attributes)
        assert reply.outcome == OK, reply


class Worker:
    """A client that does one step after the other until it is stopped."""

    def __init__(self, name, port, seed, plans, stopped):
        self.name = name
        self.plans = plans
        self.stopped = stopped
        self.random = random.Random(f"{seed} {name}")
        self.client = Client(port, stopped)
        self.operations = []
        self.failure = None
        self.thread = threading.Thread(target=self.run, name=name, daemon=True)

    def run(self):
        try:
            while not self.stopped.is_set():
                self.step()
        except Stopped:
            pass
        except Exception as failure:  # noqa: BLE001 - told by the loop, which would else miss a thread that died
            self.failure = failure
        finally:
            self.client.close()

    def step(self):
        raise NotImplementedError

    def record(self, kind, reply, **fields):
        operation = kind(**reply.times(), **fields)
        self.operations.append(operation)
        return operation

    def entry_times(self, reply, entry_id):
        """Outcome of one entry of a batch: a `Failed` entry was refused."""
        times = reply.times()
        for failed in reply.result.get("Failed", []):
            if failed["Id"] == entry_id:
                times |= {"outcome": "refused", "error": failed["Code"]}
        return times


class Producer(Worker):
    """Sends to all queues that are sent to. In FIFO queues it has message groups of its own: their order is known."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.targets = [plan for plan in self.plans if plan.is_sent_to]
        self.sent_count = 0
        self.recent = []  # (plan, token, body, group) of acknowledged sends to FIFO queues

    def step(self):
        if self.recent and self.random.random() < 0.05:
            plan, *message = self.random.choice(self.recent)
            self.send(plan, [message])
            return
        plan = self.random.choice(self.targets)
        messages = [self.new_message(plan) for _ in range(self.random.choice([1, 1, 1, 2, 5, 10]))]
        # What is in doubt is sent again, as an SDK does. A standard queue would take it for another message.
        while not self.send(plan, messages) and plan.is_fifo:
            pass
        if plan.is_fifo:
            self.recent = [*self.recent, *((plan, *message) for message in messages)][-FORGET_REPEATS_AFTER:]

    def new_message(self, plan):
        self.sent_count += 1
        token = f"{self.name}.{self.sent_count}"
        length = 20_000 if self.random.random() < 0.01 else self.random.randrange(400)
        body = f"{token} {(FILLER * (length // len(FILLER) + 1))[:length]}"
        groups = [f"{self.name}-{number}" for number in range(GROUPS_OF_A_PRODUCER)]
        return token, body, self.random.choice(groups) if plan.is_fifo else None

    def send(self, plan, messages):
        """One request; whether it was answered."""
        if len(messages) == 1 and self.random.random() < 0.7:
            return self.send_one(plan, *messages[0])
        entries = [
            {"Id": str(index), **self.parameters(plan, *message)} for index, message in enumerate(messages)
        ]
        reply = self.client.call("SendMessageBatch", QueueUrl=queue_url(plan.name), Entries=entries)
        results = {result["Id"]: result for result in reply.result.get("Successful", [])}
        for index, (token, body, group) in enumerate(messages):
            times = self.entry_times(reply, str(index))
            result = results.get(str(index), {})
            self.operations.append(
                Send(queue=plan.name, token=token, body=body, group=group, **times, **self.given_ids(result))
            )
        return reply.outcome != LOST

    def send_one(self, plan, token, body, group):
        parameters = self.parameters(plan, token, body, group)
        if not plan.is_fifo and self.random.random() < 0.1:
            parameters["DelaySeconds"] = 1
        reply = self.client.call("SendMessage", QueueUrl=queue_url(plan.name), **parameters)
        self.record(
            Send, reply, queue=plan.name, token=token, body=body, group=group, **self.given_ids(reply.result)
        )
        return reply.outcome != LOST

    def parameters(self, plan, token, body, group):
        parameters = {"MessageBody": body}
        if plan.is_fifo:
            parameters["MessageGroupId"] = group
            if not any(name == "ContentBasedDeduplication" for name, _ in plan.attributes):
                parameters["MessageDeduplicationId"] = token
        return parameters

    def given_ids(self, result):
        sequence = result.get("SequenceNumber")
        return {"message_id": result.get("MessageId"), "sequence": int(sequence) if sequence else None}


class Consumer(Worker):
    """Receives from all queues, then deletes, gives back or keeps what it got."""

    def step(self):
        plan = self.random.choice(self.plans)
        wait = 1 if self.random.random() < 0.1 else 0
        received = self.receive(plan, timeout=self.random.choice([0, 1, 1, 2, 5]), wait=wait)
        if not received.deliveries:
            return
        choice = self.random.random()
        if choice < plan.deletes:
            count = self.random.randint(1, len(received.deliveries))
            self.delete(received, self.random.sample(received.deliveries, count))
        elif choice < plan.deletes + plan.gives_back:
            self.change_visibility(received.queue, received.deliveries, self.random.choice([0, 0, 1, 3]))

    def receive(self, plan, timeout, wait):
        attempt = None
        if plan.is_fifo and self.random.random() < 0.5:
            attempt = f"{self.name}-{len(self.operations)}"
        received = self.receive_once(plan, timeout, wait, attempt)
        if received.outcome == LOST and attempt:
            received = self.receive_once(plan, timeout, wait, attempt)
        return received

    def receive_once(self, plan, timeout, wait, attempt):
        parameters = {
            "QueueUrl": queue_url(plan.name),
            "MaxNumberOfMessages": self.random.choice([1, 3, 10]),
            "VisibilityTimeout": timeout,
            "WaitTimeSeconds": wait,
            "MessageSystemAttributeNames": ["All"],
        }
        if attempt:
            parameters["ReceiveRequestAttemptId"] = attempt
        reply = self.client.call("ReceiveMessage", **parameters)
        deliveries = [read_delivery(message) for message in reply.result.get("Messages", [])]
        return self.record(
            Receive, reply, queue=plan.name, timeout=timeout, deliveries=deliveries, attempt=attempt
        )

    def delete(self, received, deliveries):
        url = queue_url(received.queue)
        if len(deliveries) == 1:
            reply = self.client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=deliveries[0].handle)
        else:
            reply = self.client.call("DeleteMessageBatch", QueueUrl=url, Entries=handles(deliveries))
        for index, delivery in enumerate(deliveries):
            times = self.entry_times(reply, str(index))
            self.operations.append(Delete(queue=received.queue, delivery=delivery, receive=received, **times))

    def change_visibility(self, queue, deliveries, timeout):
        url = queue_url(queue)
        if len(deliveries) == 1:
            reply = self.client.call(
                "ChangeMessageVisibility",
                QueueUrl=url,
                ReceiptHandle=deliveries[0].handle,
                VisibilityTimeout=timeout,
            )
        else:
            entries = [{**entry, "VisibilityTimeout": timeout} for entry in handles(deliveries)]
            reply = self.client.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=entries)
        for index, delivery in enumerate(deliveries):
            times = self.entry_times(reply, str(index))
            self.operations.append(ChangeVisibility(queue=queue, delivery=delivery, timeout=timeout, **times))


class Drainer(Consumer):
    """Receives and deletes everything of one queue."""

    def step(self):
        received = self.receive_once(self.plans[0], timeout=120, wait=1, attempt=None)
        if received.deliveries:
            self.delete(received, received.deliveries)


class Purger(Worker):
    def step(self):
        time.sleep(PURGE_PAUSE_SECONDS)
        plan = self.random.choice([plan for plan in self.plans if plan.is_purged])
        reply = self.client.call("PurgeQueue", QueueUrl=queue_url(plan.name))
        self.record(Purge, reply, queue=plan.name)


class Mover(Worker):
    """Moves messages from the dead-letter queues back to where they came from."""

    def step(self):
        time.sleep(MOVE_PAUSE_SECONDS)
        source = self.random.choice([plan.dead_letter_queue for plan in self.plans if plan.dead_letter_queue])
        reply = self.client.call("StartMessageMoveTask", SourceArn=queue_arn(source))
        self.record(StartMove, reply, queue=source)


def handles(deliveries):
    return [{"Id": str(index), "ReceiptHandle": each.handle} for index, each in enumerate(deliveries)]


def read_delivery(message):
    attributes = message["Attributes"]
    sequence = attributes.get("SequenceNumber")
    return Delivery(
        token=message["Body"].partition(" ")[0],
        body=message["Body"],
        message_id=message["MessageId"],
        handle=message["ReceiptHandle"],
        count=int(attributes["ApproximateReceiveCount"]),
        first_received=int(attributes["ApproximateFirstReceiveTimestamp"]),
        group=attributes.get("MessageGroupId"),
        sequence=int(sequence) if sequence else None,
    )
