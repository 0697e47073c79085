"""boto 2.49, the last of boto 2, from Debian: Query by GET, signed, to the path of the queue."""

from pathlib import Path

import pytest

from client_programs import debian_program, run


# It knows neither FIFO queues nor tags.
@pytest.mark.parametrize("part", ["queues", "messages", "batches", "visibility", "redrive", "permissions", "errors"])
def test_boto2_does_its_job(daemon, part):
    python = debian_program("/usr/bin/python3", "/usr/lib/python3/dist-packages/boto/sqs/connection.py")
    run(python, Path(__file__).parent / "natural_job.py", daemon.url, part)
