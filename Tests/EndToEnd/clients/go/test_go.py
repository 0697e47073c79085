"""The AWS SDKs for Go, v1 (1.44) and v2 (sqs 1.19), from Debian's source packages: both still speak Query."""

from pathlib import Path

import pytest

from client_programs import debian_program, run
from daemon import REPOSITORY

SOURCES = "/usr/share/gocode"
SDKS = {"v1": "github.com/aws/aws-sdk-go", "v2": "github.com/aws/aws-sdk-go-v2"}
PARTS = ["queues", "messages", "batches", "visibility", "fifo", "redrive", "permissions", "errors"]


@pytest.fixture(scope="module", params=SDKS)
def program(request):
    """The built program; what the compiler made of the SDK is kept for the next time."""
    version = request.param
    go = debian_program("/usr/bin/go", f"{SOURCES}/src/{SDKS[version]}/service/sqs/doc.go")
    built = REPOSITORY / ".build/go" / version
    run(
        *(go, "build", "-o", built, Path(__file__).parent / version / "main.go"),
        seconds=290,
        GO111MODULE="off",
        GOPATH=SOURCES,
        GOCACHE=str(REPOSITORY / ".build/go/cache"),
        GOFLAGS="",
        CGO_ENABLED="0",
    )
    return built


# The timeout leaves room for the first compilation.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", PARTS)
def test_go_does_its_job(daemon, program, part):
    run(program, daemon.url, part)
