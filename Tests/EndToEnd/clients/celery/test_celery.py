"""Celery of today on its SQS transport: a worker process, 200 tasks and more, a retry, a countdown, a failure."""

from pathlib import Path

from client_programs import environment_program, run


def test_celery_does_its_job(daemon, tmp_path):
    run(environment_program("celery"), Path(__file__).parent / "natural_job.py", daemon.url, tmp_path)
