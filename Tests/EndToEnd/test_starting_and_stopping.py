"""The command line, what can be wrong at a start, and what a stop leaves behind."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time

import pytest

from checks import bodies, counters, eventually, receive, send
from clients import RawConnection, boto_client, request_bytes
from daemon import BINARY, Daemon, port_in, read_line


def run(*arguments, environment=None, cwd=None):
    """Runs the binary to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10,
        env={**os.environ, **(environment or {})},
        cwd=cwd,
    )


def serve(*arguments, **options):
    return run("serve", "--host", "127.0.0.1", *arguments, **options)


def assert_refused(finished):
    """One clear line on standard error, nothing on standard output, and a status that is not 0."""
    lines = finished.stderr.splitlines()
    assert finished.returncode > 0, finished
    assert finished.stdout == ""
    assert len(lines) == 1, finished.stderr
    return lines[0]


def snapshot(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# The command line


def test_the_ready_line_tells_address_database_and_durability(private_daemon):
    line = private_daemon.ready_line
    assert f"http://127.0.0.1:{private_daemon.port}" in line
    assert str(private_daemon.database) in line
    assert "durab" in line.lower() or "fsync" in line.lower()


def test_the_ready_line_is_all_there_is_on_standard_output(tmp_path):
    command = [BINARY, "serve", "--port", "0", "--database", tmp_path / "holdfast.db"]
    process = subprocess.Popen(
        [*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        port = port_in(read_line(process.stdout, 15).decode())
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request_bytes("ListQueues", {}))
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
    finally:
        process.terminate()
        rest = process.communicate(timeout=10)[0]
    assert (rest, process.returncode) == (b"", 0)


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"]])
def test_help_names_every_option(arguments):
    finished = run(*arguments)
    assert (finished.returncode, finished.stderr) == (0, "")
    for option in ("--host", "--port", "--database", "--region", "--account"):
        assert option in finished.stdout
    for default in ("127.0.0.1", "9324", "holdfast.db"):
        assert default in finished.stdout


def test_version_is_one_line():
    finished = run("--version")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert len(finished.stdout.splitlines()) == 1


def test_settings_come_from_the_environment_too(tmp_path):
    environment = {"HOLDFAST_HOST": "127.0.0.1", "HOLDFAST_PORT": "0", "HOLDFAST_DATABASE": str(tmp_path / "env.db")}
    process = subprocess.Popen(
        [str(BINARY), "serve"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        cwd=tmp_path,
    )
    try:
        line = read_line(process.stdout, 15).decode()
        assert "http://127.0.0.1:" in line and "env.db" in line
        assert port_in(line) != 9324
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert [path.name for path in tmp_path.iterdir()] == ["env.db"]


def test_an_option_is_stronger_than_the_environment(tmp_path):
    environment = {"HOLDFAST_PORT": "1", "HOLDFAST_DATABASE": str(tmp_path / "env.db")}
    daemon = Daemon(tmp_path / "option.db", environment=environment).start()
    try:
        assert daemon.port > 1
        assert "option.db" in daemon.ready_line
    finally:
        daemon.finish()
    assert not (tmp_path / "env.db").exists()


def test_a_name_is_a_host_too(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", options=["--host", "localhost"])
    try:
        assert boto_client(daemon.start()).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    finally:
        daemon.finish()


def test_ipv6_is_served(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    daemon = Daemon(tmp_path / "holdfast.db", options=["--host", "::1"]).start()
    try:
        assert f"http://[::1]:{daemon.port}" in daemon.ready_line
        with socket.create_connection(("::1", daemon.port), 5) as client:
            client.sendall(request_bytes("CreateQueue", {"QueueName": "q"}, host=f"[::1]:{daemon.port}"))
            assert f"http://[::1]:{daemon.port}/000000000000/q" in client.recv(10_000).decode()
    finally:
        daemon.finish()


# What can be wrong at a start


@pytest.mark.parametrize(
    "arguments",
    [
        ["--color", "blue"],
        ["--port"],
        ["--port", "ninety"],
        ["--port", "-1"],
        ["--port", "65536"],
        ["--host", "not a host"],
        ["--account", "12"],
        ["--region", ""],
        ["extra"],
    ],
)
def test_a_wrong_option_is_refused(tmp_path, arguments):
    finished = serve("--database", tmp_path / "holdfast.db", *arguments)
    assert_refused(finished)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name, value", [("HOLDFAST_PORT", "ninety"), ("HOLDFAST_HOST", "not a host")])
def test_a_wrong_setting_in_the_environment_is_refused(tmp_path, name, value):
    finished = run("serve", "--database", tmp_path / "holdfast.db", environment={"HOLDFAST_PORT": "0", name: value})
    assert_refused(finished)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["dance"], ["--color"]])
def test_a_wrong_command_is_refused(tmp_path, arguments):
    assert_refused(run(*arguments, cwd=tmp_path))


def test_a_port_in_use_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = assert_refused(serve("--port", port, "--database", tmp_path / "holdfast.db"))
    assert str(port) in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("database", ["no-such-folder/holdfast.db", "/proc/holdfast.db", "."])
def test_a_database_that_cannot_be_made_is_refused(tmp_path, database):
    assert_refused(serve("--port", "0", "--database", database, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    assert_refused(serve("--port", "0", "--database", tmp_path / "holdfast.db"))
    tmp_path.chmod(0o755)


@pytest.mark.parametrize("content", [b"This is a letter, not a database.\n" * 100, b"x", bytes(8192)])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    database = tmp_path / "letter.txt"
    database.write_bytes(content)
    line = assert_refused(serve("--port", "0", "--database", database))
    assert str(database) in line
    assert snapshot(tmp_path) == {"letter.txt": content}


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    database = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(database)) as file:
        file.execute("CREATE TABLE customer (name TEXT)")
    before = snapshot(tmp_path)
    assert_refused(serve("--port", "0", "--database", database))
    assert snapshot(tmp_path) == before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db").start()
    daemon.finish()
    daemon.log_path.unlink()
    add_a_migration_from_the_future(daemon.database)
    before = snapshot(tmp_path)
    assert "newer" in assert_refused(serve("--port", "0", "--database", daemon.database))
    assert snapshot(tmp_path) == before


def add_a_migration_from_the_future(database):
    """Repeats the last row of the table of applied migrations with a version that no release has yet."""
    with contextlib.closing(sqlite3.connect(database)) as file, file:
        [(table,)] = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%migration%'")
        columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
        row = dict(zip(columns, file.execute(f"SELECT * FROM {table} ORDER BY version DESC").fetchone()))
        row["version"] = 9999
        if "name" in row:
            row["name"] = "9999_from_the_future"
        marks = ", ".join("?" for _ in columns)
        file.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))
        file.execute("PRAGMA user_version = 9999")


def test_a_migration_that_was_altered_later_is_refused(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db").start()
    daemon.finish()
    daemon.log_path.unlink()
    with contextlib.closing(sqlite3.connect(daemon.database)) as file, file:
        [(table,)] = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%migration%'")
        [checksum] = [row[1] for row in file.execute(f"PRAGMA table_info({table})") if "sha" in row[1] or "sum" in row[1]]
        file.execute(f"UPDATE {table} SET {checksum} = 'altered'")
    before = snapshot(tmp_path)
    assert_refused(serve("--port", "0", "--database", daemon.database))
    assert snapshot(tmp_path) == before


def test_a_database_that_another_daemon_has_open_is_refused(private_daemon):
    client = boto_client(private_daemon)
    queue = client.create_queue(QueueName="q")["QueueUrl"]
    send(client, queue, "hello")
    line = assert_refused(serve("--port", "0", "--database", private_daemon.database))
    assert str(private_daemon.database) in line
    assert bodies(receive(client, queue)) == ["hello"]


def test_a_database_is_free_again_after_a_kill(private_daemon):
    private_daemon.kill()
    private_daemon.start()


# Stopping


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_with_status_0_and_leaves_one_file(private_daemon, with_signal):
    client = boto_client(private_daemon)
    queue = client.create_queue(QueueName="q")["QueueUrl"]
    send(client, queue, "hello")
    assert private_daemon.stop(with_signal) == 0
    left = set(os.listdir(private_daemon.database.parent)) - {private_daemon.log_path.name}
    assert left == {private_daemon.database.name}


def test_the_file_alone_is_a_backup(private_daemon, tmp_path):
    client = boto_client(private_daemon)
    send(client, client.create_queue(QueueName="q")["QueueUrl"], "hello")
    private_daemon.stop()
    copy = tmp_path / "elsewhere" / "copy.db"
    copy.parent.mkdir()
    copy.write_bytes(private_daemon.database.read_bytes())
    restored = Daemon(copy).start()
    try:
        client = boto_client(restored)
        assert bodies(receive(client, client.get_queue_url(QueueName="q")["QueueUrl"])) == ["hello"]
    finally:
        restored.finish()


def test_a_stop_answers_parked_polls(private_daemon):
    client = boto_client(private_daemon)
    queue = client.create_queue(QueueName="q")["QueueUrl"]
    poll = request_bytes("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    polls = [RawConnection(private_daemon).send(poll) for _ in range(20)]
    counters(client, queue)
    started = time.monotonic()
    assert private_daemon.stop() == 0
    assert time.monotonic() - started < 5
    for each in polls:
        answer = each.answer()
        assert (answer.status, answer.body) == (200, b"{}")
        assert each.is_closed_by_peer()
        each.close()


def test_a_stop_does_not_wait_for_idle_connections(private_daemon):
    connections = [RawConnection(private_daemon) for _ in range(20)]
    connections[0].send(b"POST / HTTP/1.1\r\nHost")
    assert connections[1].send(request_bytes("ListQueues", {})).answer().status == 200
    started = time.monotonic()
    assert private_daemon.stop() == 0
    assert time.monotonic() - started < 5
    for connection in connections:
        connection.close()


def test_what_was_accepted_before_a_stop_is_answered_or_not_done(private_daemon):
    """Sends are under way when the signal comes: each that gets its answer is in the file, and none is there twice."""
    client = boto_client(private_daemon)
    queue = client.create_queue(QueueName="q")["QueueUrl"]
    requests = [request_bytes("SendMessage", {"QueueUrl": queue, "MessageBody": f"{n}"}) for n in range(500)]
    connection = RawConnection(private_daemon).send(b"".join(requests))
    assert connection.answer().status == 200
    private_daemon.stop()
    answered = 1
    try:
        while connection.answer().status == 200:
            answered += 1
    except (ConnectionError, ValueError):
        pass
    connection.close()
    private_daemon.start()
    present = counters(client, queue)[0]
    assert answered <= present <= 500


def test_an_idle_daemon_gives_back_the_memory_that_its_work_took(private_daemon):
    sqs = boto_client(private_daemon)
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    # As many pages as SQLite keeps in memory, and more.
    for _ in range(100):
        send(sqs, url, "x" * 250_000)
    worked = private_daemon.memory()
    eventually(lambda: private_daemon.memory() < worked - 8_000_000, seconds=60)
    assert len(receive(sqs, url)) == 1
