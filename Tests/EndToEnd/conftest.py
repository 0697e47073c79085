"""The fixtures: one daemon shared by most tests, a private one for those that stop or kill it, clients and queues."""

import itertools
import resource
import uuid

import pytest

from clients import boto_client, JSONClient
from daemon import Daemon

queue_numbers = itertools.count(1)


def pytest_configure(config):
    """A thousand connections need more open files than the usual limit; the daemons started here inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="session")
def daemon(tmp_path_factory):
    """The daemon that most tests share. They keep apart by the names of their queues and never stop it."""
    daemon = Daemon(tmp_path_factory.mktemp("shared") / "holdfast.db").start()
    yield daemon
    daemon.finish()


@pytest.fixture
def private_daemon(tmp_path):
    """A daemon of the test's own, to stop, kill and start again."""
    daemon = Daemon(tmp_path / "holdfast.db").start()
    yield daemon
    daemon.finish()


@pytest.fixture(scope="session")
def sqs(daemon):
    """A boto3 client on the shared daemon."""
    return boto_client(daemon)


@pytest.fixture
def json_client(daemon):
    """A client that posts whatever JSON it is told to, on the shared daemon."""
    client = JSONClient(daemon)
    yield client
    client.close()


@pytest.fixture
def queue_name():
    return unique_name()


@pytest.fixture
def queue(sqs):
    """The URL of a new queue on the shared daemon."""
    return sqs.create_queue(QueueName=unique_name())["QueueUrl"]


@pytest.fixture
def make_queue(sqs):
    """Makes queues on the shared daemon: make_queue(VisibilityTimeout=1) answers a URL."""

    def make(**attributes):
        return sqs.create_queue(QueueName=unique_name(), Attributes=strings(attributes))["QueueUrl"]

    return make


def unique_name():
    return f"q{next(queue_numbers)}-{uuid.uuid4().hex[:8]}"


def strings(attributes):
    return {name: str(value) for name, value in attributes.items()}
