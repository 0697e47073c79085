"""Calls of the SQS API over the JSON protocol: one at a time, or very many over a few connections at once."""

import itertools
import json
import re
import selectors
import socket
import urllib.request

from .failure import MeasurementFailed

BATCH = 10

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    # Clients sign their requests, which makes them longer. The daemon does not check it.
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/sqs/aws4_request,"
    " SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "164b04f1" * 8,
}


def call(url, action, **parameters):
    """One call and its answer."""
    headers = {**HEADERS, "X-Amz-Target": f"AmazonSQS.{action}"}
    request = urllib.request.Request(url, json.dumps(parameters).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def encoded(action, **parameters):
    """The bytes of one request."""
    body = json.dumps(parameters, separators=(",", ":"))
    headers = {"Host": "127.0.0.1", **HEADERS, "X-Amz-Target": f"AmazonSQS.{action}", "Content-Length": len(body)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n{body}".encode()


def message_batches(queue_url, messages, groups=0, first=0, body="x"):
    """Requests that send so many messages in batches of ten, each to the next one of the groups, if there are any.

    `first` is the number of the first message, for a queue that is filled again and would take it for a duplicate.
    """

    def entry(number):
        entry = {"Id": str(number), "MessageBody": body}
        if groups:
            entry |= {"MessageGroupId": f"group-{number % groups}", "MessageDeduplicationId": str(number)}
        return entry

    for start in range(first, first + messages, BATCH):
        entries = [entry(number) for number in range(start, min(start + BATCH, first + messages))]
        yield encoded("SendMessageBatch", QueueUrl=queue_url, Entries=entries)


def post_all(port, requests, connections):
    """Sends all of the requests, each connection one after the other; an answer other than 200 ends it."""
    remaining = iter(requests)
    with selectors.DefaultSelector() as selector:
        for request in itertools.islice(remaining, connections):
            connection = Connection(port)
            connection.send(request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            for key, _ in selector.select():
                if key.data.receive() is None:
                    continue
                request = next(remaining, None)
                if request:
                    key.data.send(request)
                else:
                    selector.unregister(key.fileobj)
                    key.data.close()


class Connection:
    """One connection that has at most one request on its way."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def send(self, request):
        self.socket.sendall(request)

    def receive(self):
        """Reads what has arrived: the body of the answer once it is complete, until then None."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise MeasurementFailed("the daemon closed a connection")
        self.received += part
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise MeasurementFailed(f"a request failed: {self.received.decode()}")
        self.received = b""
        return body

    def answer(self):
        """Waits for the whole answer."""
        while (body := self.receive()) is None:
            pass
        return body

    def close(self):
        self.socket.close()


def content_length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


RECEIPT_HANDLE = re.compile(rb'"ReceiptHandle":"([^"]+)"')


def receive_and_delete(port, queue_url, messages, connections):
    """Receives and deletes so many messages, in batches of ten. More than are still missing are never asked for."""
    receive = encoded("ReceiveMessage", QueueUrl=queue_url, MaxNumberOfMessages=BATCH)
    missing = messages
    receiving = set()
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, messages // BATCH)):
            connection = Connection(port)
            connection.send(receive)
            missing -= BATCH
            receiving.add(connection)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                if (answer := connection.receive()) is None:
                    continue
                handles = [handle.decode() for handle in RECEIPT_HANDLE.findall(answer)]
                if connection in receiving:
                    receiving.remove(connection)
                    missing += BATCH - len(handles)
                if handles:
                    entries = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(handles)]
                    connection.send(encoded("DeleteMessageBatch", QueueUrl=queue_url, Entries=entries))
                elif missing > 0:
                    connection.send(receive)
                    missing -= BATCH
                    receiving.add(connection)
                else:
                    selector.unregister(key.fileobj)
                    connection.close()
