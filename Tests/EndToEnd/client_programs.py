"""Runs clients that are programs of their own: in another language, or in another Python environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon import REPOSITORY

CLIENTS = Path(__file__).parent / "clients"

# What the user of this machine has configured for AWS stays out of the tests, and so does a proxy.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "BOTO_CONFIG": "/nonexistent",
    "BODIES": str(CLIENTS / "bodies.json"),
    "LC_ALL": "C.UTF-8",
}


def run(*command, seconds=50, status=0, **environment):
    """Runs a client to its end and returns what it printed; fails with its whole output if it ends otherwise."""
    finished = subprocess.run(
        list(map(str, command)),
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
    )
    output = finished.stdout.decode(errors="replace")
    if finished.returncode != status:
        pytest.fail(f"{' '.join(map(str, command))} ended with status {finished.returncode}\n{output}", pytrace=False)
    return output


def environment_program(environment, program="python"):
    """A program of one of the Python environments that Scripts/test makes from clients/environments/."""
    return installed(REPOSITORY / f".venv-{environment}" / "bin" / program)


def debian_program(path, *files):
    """A program of a Debian package, with other files that it needs; elsewhere than on Debian its test is skipped."""
    if shutil.which("dpkg-query") is None and not all(map(os.path.exists, [path, *files])):
        pytest.skip(f"{path} comes from a Debian package")
    for file in files:
        installed(file)
    return installed(path)


def installed(path):
    if not os.path.exists(path):
        pytest.fail(f"{path} is missing: Scripts/test installs it", pytrace=False)
    return path
