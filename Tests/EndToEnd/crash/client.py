"""The JSON protocol over one kept-alive socket, as small and quick as Python allows."""

import json
import socket
import time
from dataclasses import dataclass

from crash.history import LOST, OK, REFUSED

ANSWER_SECONDS = 60
CONNECT_PAUSE_SECONDS = 0.005


class Stopped(Exception):
    """The run ended while a client waited for the daemon to come up."""


@dataclass(slots=True)
class Reply:
    start: float
    end: float
    outcome: str
    error: str | None
    result: dict

    def times(self):
        """What every operation of a history has."""
        return {"start": self.start, "end": self.end, "outcome": self.outcome, "error": self.error}


class Client:
    """Waits for the daemon if it is down, and never repeats a request by itself."""

    def __init__(self, port, stopped):
        self.port = port
        self.stopped = stopped
        self.socket = None
        self.received = b""

    def call(self, action, **parameters):
        body = json.dumps(parameters).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Amz-Target: AmazonSQS.{action}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        if self.socket is None:
            self._connect()
        start = time.monotonic()
        try:
            self.socket.sendall(head.encode() + body)
            status, error, answer = self._read_answer()
        except OSError as failure:
            self.close()
            # A kill closes the connection; a daemon that lives has to answer.
            why = "no answer in time" if isinstance(failure, TimeoutError) else "connection closed"
            return Reply(start, time.monotonic(), LOST, why, {})
        result = json.loads(answer) if answer else {}
        outcome = OK if status == 200 else REFUSED
        return Reply(start, time.monotonic(), outcome, error, result)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.received = b""

    def _connect(self):
        while not self.stopped.is_set():
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError:
                time.sleep(CONNECT_PAUSE_SECONDS)
        raise Stopped

    def _read_answer(self):
        """Status, Query code of an error, body."""
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            self._read_more()
        lines = self.received[:end].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers["content-length"])
        while len(self.received) < end + 4 + length:
            self._read_more()
        body = self.received[end + 4 : end + 4 + length]
        self.received = self.received[end + 4 + length :]
        status = int(lines[0].split()[1])
        error = headers.get("x-amzn-query-error", "").partition(";")[0] if status != 200 else None
        return status, error or (None if status == 200 else str(status)), body

    def _read_more(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise ConnectionResetError
        self.received += more
