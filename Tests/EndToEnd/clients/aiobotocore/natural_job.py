"""50 producers and 50 consumers on one event loop, through aiobotocore: natural_job.py URL PART."""

import asyncio
import sys
import uuid
from collections import Counter

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

url, part = sys.argv[1:]

WORKERS = 50
MESSAGES_EACH = 20


def client():
    config = AioConfig(max_pool_connections=2 * WORKERS, retries={"total_max_attempts": 1}, read_timeout=30)
    return get_session().create_client("sqs", endpoint_url=url, config=config)


def name(suffix=""):
    return f"aiobotocore-{uuid.uuid4().hex}{suffix}"


async def standard():
    """Every message arrives once, while producers and consumers run together."""
    async with client() as sqs:
        queue = (await sqs.create_queue(QueueName=name()))["QueueUrl"]
        received, all_received = Counter(), asyncio.Event()

        async def produce(producer):
            for number in range(0, MESSAGES_EACH, 4):
                await sqs.send_message(QueueUrl=queue, MessageBody=f"{producer} {number}\r")
                entries = [
                    {"Id": str(n), "MessageBody": f"{producer} {n}\r"} for n in range(number + 1, number + 4)
                ]
                answer = await sqs.send_message_batch(QueueUrl=queue, Entries=entries)
                assert len(answer["Successful"]) == 3 and "Failed" not in answer, answer

        async def consume():
            while not all_received.is_set():
                answer = await sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                messages = answer.get("Messages", [])
                received.update(message["Body"] for message in messages)
                if len(received) == WORKERS * MESSAGES_EACH:
                    all_received.set()
                if messages:
                    entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
                    answer = await sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
                    assert "Failed" not in answer, answer

        await asyncio.gather(*map(produce, range(WORKERS)), *(consume() for _ in range(WORKERS)))
        assert received == Counter(f"{producer} {n}\r" for producer in range(WORKERS) for n in range(MESSAGES_EACH))
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = (await sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names))["Attributes"]
        assert attributes == {each: "0" for each in names}
        await sqs.delete_queue(QueueUrl=queue)


async def fifo():
    """50 groups keep their order, though 50 consumers compete for them."""
    async with client() as sqs:
        attributes = {"FifoQueue": "true"}
        queue = (await sqs.create_queue(QueueName=name(".fifo"), Attributes=attributes))["QueueUrl"]
        received, count = {str(group): [] for group in range(WORKERS)}, 10

        async def produce(group):
            for number in range(count):
                await sqs.send_message(
                    QueueUrl=queue,
                    MessageBody=str(number),
                    MessageGroupId=str(group),
                    MessageDeduplicationId=f"{group}-{number}",
                )

        async def consume():
            while sum(map(len, received.values())) < WORKERS * count:
                answer = await sqs.receive_message(
                    QueueUrl=queue, AttributeNames=["MessageGroupId"], MaxNumberOfMessages=3, WaitTimeSeconds=1
                )
                for message in answer.get("Messages", []):
                    received[message["Attributes"]["MessageGroupId"]].append(message["Body"])
                    await sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

        await asyncio.gather(*map(produce, range(WORKERS)), *(consume() for _ in range(WORKERS)))
        assert all(bodies == [str(number) for number in range(count)] for bodies in received.values()), received


async def waiting():
    """50 long polls wait together; each message wakes one of them, and a poll that is given up takes none."""
    async with client() as sqs:
        queue = (await sqs.create_queue(QueueName=name()))["QueueUrl"]

        async def receive():
            return await sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)

        given_up = [asyncio.create_task(receive()) for _ in range(5)]
        await asyncio.wait(given_up, timeout=0.2)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        polls = [asyncio.create_task(receive()) for _ in range(WORKERS)]
        for number in range(WORKERS):
            await sqs.send_message(QueueUrl=queue, MessageBody=str(number))
        async with asyncio.timeout(15):
            answers = await asyncio.gather(*polls)
        assert sorted(int(answer["Messages"][0]["Body"]) for answer in answers) == list(range(WORKERS))


async def errors():
    async with client() as sqs:
        try:
            await sqs.get_queue_url(QueueName=name())
        except sqs.exceptions.QueueDoesNotExist as error:
            assert error.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
        else:
            raise AssertionError("there is no such queue")
        queue = (await sqs.create_queue(QueueName=name()))["QueueUrl"]
        calls = [sqs.delete_message(QueueUrl=queue, ReceiptHandle="made-up") for _ in range(WORKERS)]
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, sqs.exceptions.ReceiptHandleIsInvalid), error
            assert error.response["Error"]["Code"] == "ReceiptHandleIsInvalid"


asyncio.run(globals()[part]())
