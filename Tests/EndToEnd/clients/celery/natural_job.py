"""A Celery worker on SQS, and a program that gives it work: natural_job.py URL FOLDER."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

url, folder = sys.argv[1], Path(sys.argv[2])
os.environ["BROKER"] = url.replace("http://", "sqs://test:test@")
os.environ["RESULTS"] = str(folder)
os.environ["QUEUES"] = f"celery-{uuid.uuid4().hex}-"

import boto3
from celery import group
from tasks import add, fail, shout, succeed_at_last


def work():
    # Sent before there is a worker, and while it works.
    early = group(add.s(number, 1) for number in range(100)).apply_async()
    worker = start_worker()
    try:
        started = time.monotonic()
        counted_down = add.apply_async((1, 2), countdown=2)
        retried = succeed_at_last.delay()
        shouted = shout.delay("Größe \U0001f600\r\n\"quoted\"")
        failed = fail.delay("on purpose")
        late = group(add.s(number, 2) for number in range(100)).apply_async()

        assert early.get(timeout=30) == [number + 1 for number in range(100)]
        assert late.get(timeout=30) == [number + 2 for number in range(100)]
        assert shouted.get(timeout=10) == "GRÖSSE \U0001f600\r\n\"QUOTED\""
        assert retried.get(timeout=10) == 2
        assert counted_down.get(timeout=10) == 3
        assert time.monotonic() - started >= 2
        assert isinstance(failed.get(timeout=10, propagate=False), ValueError)
    finally:
        worker.terminate()
        status = worker.wait(20)
    assert status == 0, status


def start_worker():
    command = ["worker", "--queues", "celery,other", "--concurrency", "2", "--loglevel", "INFO"]
    return subprocess.Popen([sys.executable, "-m", "celery", "--app", "tasks", *command], cwd=Path(__file__).parent)


def assert_that_nothing_is_left():
    sqs = boto3.client("sqs", endpoint_url=url)
    queues = sqs.list_queues(QueueNamePrefix=os.environ["QUEUES"])["QueueUrls"]
    assert [queue.rsplit("-", 1)[1] for queue in queues] == ["celery", "other"], queues
    states = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    for queue in queues:
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=states)["Attributes"]
        assert attributes == {state: "0" for state in states}, attributes


work()
assert_that_nothing_is_left()
