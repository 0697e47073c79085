"""Clients for the tests: boto3 as users have it, and plain HTTP for what boto3 would never send."""

import http.client
import json
import socket
from dataclasses import dataclass

import boto3
from botocore.config import Config

ACCOUNT = "000000000000"
REGION = "us-east-1"


def boto_client(daemon, region=REGION, access_key="test"):
    """boto3 without retries and without its own checks, so that the daemon sees what the test wrote. An access key of
    twelve digits is an account."""
    return boto3.session.Session().client(
        "sqs",
        endpoint_url=daemon.url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key="test",
        config=Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=50,
        ),
    )


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class JSONClient:
    """The JSON protocol over one kept-alive connection, byte by byte as given."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)

    def call(self, action, parameters=None, headers=None, path="/"):
        body = json.dumps({} if parameters is None else parameters)
        return self.post(body, action, headers, path)

    def post(self, body, action=None, headers=None, path="/"):
        """Posts a body as it is; `headers` come on top of those of an SDK and replace them, None takes one away."""
        all_headers = {"Content-Type": "application/x-amz-json-1.0"}
        if action is not None:
            all_headers["X-Amz-Target"] = f"AmazonSQS.{action}"
        all_headers.update(headers or {})
        wanted = {name: value for name, value in all_headers.items() if value is not None}
        return self.request("POST", path, body, wanted)

    def request(self, method, path, body=None, headers=None):
        body = body.encode() if isinstance(body, str) else body
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def close(self):
        self.connection.close()


class RawConnection:
    """A socket, to send what no HTTP library sends and to see exactly what comes back."""

    def __init__(self, daemon, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def answer(self, to_head=False):
        """Reads one answer, its body measured by Content-Length."""
        status_line = self.reader.readline()
        if not status_line:
            raise ConnectionError("the daemon closed the connection without an answer")
        status = int(status_line.split()[1])
        headers = http.client.parse_headers(self.reader)
        bodyless = to_head or status < 200 or status == 204
        return Answer(status, headers, b"" if bodyless else self.reader.read(int(headers["Content-Length"])))

    def is_closed_by_peer(self):
        """Whether the daemon closes the connection now; what it still sends first is left aside."""
        try:
            while self.reader.read(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True

    def close(self):
        self.reader.close()
        self.socket.close()


def request_bytes(action, parameters, *extra_headers, host="127.0.0.1"):
    """A whole request of the JSON protocol, as bytes for a RawConnection."""
    body = json.dumps(parameters).encode()
    lines = [
        "POST / HTTP/1.1",
        f"Host: {host}",
        f"X-Amz-Target: AmazonSQS.{action}",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(body)}",
        *extra_headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
