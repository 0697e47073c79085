"""The AWS SDK for Ruby v1 (1.67) from Debian: Query to the queue's own URL, with a Host that lacks the port."""

from pathlib import Path

import pytest

from client_programs import debian_program, run


# It knows neither FIFO queues nor tags nor PurgeQueue.
@pytest.mark.parametrize("part", ["queues", "messages", "batches", "visibility", "redrive", "policies", "errors"])
def test_ruby_does_its_job(daemon, part):
    ruby = debian_program("/usr/bin/ruby", "/usr/lib/ruby/vendor_ruby/aws/sqs.rb")
    run(ruby, Path(__file__).parent / "natural_job.rb", daemon.url, part)
