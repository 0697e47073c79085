"""aiobotocore of today: 50 producers and 50 consumers at the same time."""

from pathlib import Path

import pytest

from client_programs import environment_program, run


@pytest.mark.parametrize("part", ["standard", "fifo", "waiting", "errors"])
def test_aiobotocore_does_its_job(daemon, part):
    run(environment_program("aiobotocore"), Path(__file__).parent / "natural_job.py", daemon.url, part)
