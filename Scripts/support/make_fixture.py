"""Fills a new database through the API and keeps it as the fixture of its schema version."""

import sqlite3
import sys
import tempfile
from pathlib import Path

from clients import boto_client
from daemon import BINARY, Daemon, REPOSITORY


def main():
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder) / "fixture.db").start()
        fill(boto_client(daemon))
        daemon.finish()
        with sqlite3.connect(daemon.database) as file:
            [(version,)] = file.execute("SELECT max(version) FROM migration")
        fixture = REPOSITORY / f"Tests/Fixtures/schema-{version:04}.db"
        if fixture.exists():
            raise SystemExit(f"{fixture} exists: a version has one fixture, for ever")
        file.close()
        fixture.write_bytes(daemon.database.read_bytes())
        print(fixture)


def fill(sqs):
    """What Tests/QueueStoreTests/UpgradeTests.swift expects."""
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    orders = sqs.create_queue(
        QueueName="orders",
        Attributes={
            "MessageRetentionPeriod": "1209600",
            "VisibilityTimeout": "45",
            "RedrivePolicy": f'{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":3}}',
        },
        tags={"team": "shop"},
    )["QueueUrl"]
    sqs.send_message(QueueUrl=orders, MessageBody="in flight")
    sqs.receive_message(QueueUrl=orders, VisibilityTimeout=43200)
    sqs.send_message(
        QueueUrl=orders,
        MessageBody="visible",
        MessageAttributes={"color": {"DataType": "String", "StringValue": "blue"}},
    )
    sqs.send_message(QueueUrl=orders, MessageBody="delayed", DelaySeconds=900)
    sqs.send_message(QueueUrl=orders, MessageBody="deleted")
    for message in sqs.receive_message(QueueUrl=orders, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]:
        if message["Body"] == "deleted":
            sqs.delete_message(QueueUrl=orders, ReceiptHandle=message["ReceiptHandle"])
    tasks = sqs.create_queue(
        QueueName="tasks.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for body, group in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b")):
        sqs.send_message(QueueUrl=tasks, MessageBody=body, MessageGroupId=group)
    sqs.send_message(QueueUrl=dead, MessageBody="dead")


sys.exit(main())
