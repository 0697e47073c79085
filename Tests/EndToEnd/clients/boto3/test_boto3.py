"""boto3 of today, which speaks JSON, and boto3 1.26, among the last that speak Query."""

import sys
from pathlib import Path

import pytest

from client_programs import environment_program, run

PARTS = ["queues", "messages", "batches", "visibility", "fifo", "redrive", "permissions", "move_tasks", "errors"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("version", ["today", "1.26"])
def test_boto3_does_its_job(daemon, version, part):
    python = sys.executable if version == "today" else environment_program("boto3-1.26")
    run(python, Path(__file__).parent / "natural_job.py", daemon.url, part)
