"""Perl's Amazon::SQS::Simple 2.07 from Debian: Query with an X-Amz-Target beside it and a Host without the port."""

from pathlib import Path

import pytest

from client_programs import debian_program, run


# It knows neither FIFO queues nor tags nor message attributes.
@pytest.mark.parametrize("part", ["queues", "messages", "batches", "visibility", "redrive", "permissions", "errors"])
def test_perl_does_its_job(daemon, part):
    perl = debian_program("/usr/bin/perl", "/usr/share/perl5/Amazon/SQS/Simple.pm")
    run(perl, Path(__file__).parent / "natural_job.pl", daemon.url, part)
