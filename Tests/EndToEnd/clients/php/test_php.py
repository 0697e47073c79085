"""PHP's AsyncAws SQS 1.7 from Debian: Query, with exceptions chosen by the error code."""

from pathlib import Path

import pytest

from client_programs import debian_program, run


@pytest.mark.parametrize("part", ["queues", "messages", "batches", "visibility", "fifo", "redrive", "errors"])
def test_php_does_its_job(daemon, part):
    php = debian_program("/usr/bin/php", "/usr/share/php/AsyncAws/Sqs/SqsClient.php")
    run(php, Path(__file__).parent / "natural_job.php", daemon.url, part)
