"""beanstalkd with its log synced before every answer.

Debian has no load generator for it. One process that waits on all connections at once is enough here: an answer costs it a
few microseconds, and the server, which syncs for each job alone, many times that. How busy the client was is told beside
the rate.
"""

import re
import selectors
import socket
import time

from .failure import MeasurementFailed
from .server import Server, run

SETTING = "-f0: one sync for each job"


class Beanstalkd(Server):
    def command(self):
        return ["beanstalkd", "-l", "127.0.0.1", "-p", self.port, "-b", self.folder, "-f0"]

    def puts(self, bench):
        """Jobs of 1 KiB put a second, and what share of the time the client was busy."""
        request = b"put 0 0 60 %d\r\n%s\r\n" % (bench.message_size, b"x" * bench.message_size)
        with selectors.DefaultSelector() as selector:
            connections = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(bench.connections)]
            try:
                for connection in connections:
                    selector.register(connection, selectors.EVENT_READ)
                    connection.sendall(request)
                with bench.watch.measuring():
                    return answer_after_answer(selector, request, bench.seconds)
            finally:
                for connection in connections:
                    connection.close()


def answer_after_answer(selector, request, seconds):
    started, busy, answers = time.monotonic(), time.process_time(), 0
    while (elapsed := time.monotonic() - started) < seconds:
        for key, _ in selector.select(1):
            answer = key.fileobj.recv(64)
            # Each connection waits for one answer of a few bytes, which arrives in one piece.
            if not answer.startswith(b"INSERTED "):
                raise MeasurementFailed(f"beanstalkd answered {answer}")
            answers += 1
            key.fileobj.sendall(request)
    return answers / elapsed, (time.process_time() - busy) / elapsed


def version():
    return re.search(r"beanstalkd (\S+)", run(["beanstalkd", "-v"])).group(1)
