"""The tasks that the worker runs. BROKER is the daemon's address, RESULTS a folder, QUEUES the prefix of the queues."""

import os

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"], backend="file://" + os.environ["RESULTS"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "region": "us-east-1",
        "queue_name_prefix": os.environ["QUEUES"],
        "wait_time_seconds": 2,
        "polling_interval": 0.1,
        "visibility_timeout": 60,
    },
    # Broadcasts to workers need SNS.
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=4,
    task_routes={"tasks.shout": {"queue": "other"}},
)


@app.task
def add(x, y):
    return x + y


@app.task(bind=True, max_retries=3)
def succeed_at_last(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task
def shout(text):
    return text.upper()


@app.task(acks_late=True, bind=True)
def fail(self, text):
    raise ValueError(text)
