"""moto's server, an SQS stand-in from PyPI that keeps everything in memory."""

import sys
from importlib import metadata
from pathlib import Path

from .server import Server

SETTING = "in memory, nothing synced"


class Moto(Server):
    def command(self):
        return [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", self.port]


def version():
    return metadata.version("moto")
