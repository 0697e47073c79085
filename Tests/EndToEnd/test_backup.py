"""Backups of a daemon at work, checks, restores, backups on a schedule, plain copies, and damage. docs/backup.md says in
words what is shown here."""

import itertools
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

from checks import bodies, counters, eventually, receive, send
from clients import boto_client
from daemon import BINARY, Daemon, DaemonFailed


def holdfast(*arguments, **options):
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **options,
    )


def back_up(database, target):
    finished = holdfast("backup", target, "--database", database)
    assert finished.returncode == 0, finished.stderr
    return Path(target)


def assert_sound(database):
    finished = holdfast("check", database)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "sound" in finished.stdout
    return finished.stdout


def assert_refused(finished, *parts):
    """One clear line on standard error, and status 1."""
    assert finished.returncode == 1, finished
    assert len(finished.stderr.splitlines()) == 1, finished.stderr
    for part in parts:
        assert part in finished.stderr


def assert_start_is_refused(database, *parts):
    assert_refused(holdfast("serve", "--port", "0", "--database", database), *parts)


def make_queue(daemon, name="q", **attributes):
    client = boto_client(daemon)
    attributes = {key: str(value) for key, value in attributes.items()}
    return client, client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def drain(database, name="q"):
    """The bodies of all messages of a file's queue, as its own daemon hands them out. The file stays as it is."""
    copy = Path(database).with_suffix(".drained")
    shutil.copyfile(database, copy)
    daemon = Daemon(copy).start()
    try:
        client, queue = make_queue(daemon, name)
        found = []
        while messages := receive(client, queue, MaxNumberOfMessages=10, VisibilityTimeout=600):
            found += bodies(messages)
        assert sum(counters(client, queue)) == len(found)
        return found
    finally:
        daemon.finish()
        copy.unlink()


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".log"))


# The command


class Producers:
    """Threads that send numbered messages; each number is noted when it is tried and when it is acknowledged."""

    def __init__(self, daemon, queue, count=4):
        self.numbers = itertools.count()
        self.tried = set()
        self.acknowledged = set()
        self.stopping = threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.produce, args=(boto_client(daemon), queue)) for _ in range(count)]

    def produce(self, client, queue):
        try:
            while not self.stopping.is_set():
                body = f"{next(self.numbers)} " + "x" * 5000
                self.tried.add(body)
                client.send_message(QueueUrl=queue, MessageBody=body)
                self.acknowledged.add(body)
        except Exception as failure:
            self.failures.append(failure)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures


def test_a_backup_under_load_has_everything_acknowledged_before_it_began(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    deleted = send_and_delete(client, queue, 20)
    with Producers(private_daemon, queue) as producers:
        for round in range(3):
            seen = len(producers.acknowledged)
            eventually(lambda: len(producers.acknowledged) > seen + 100, seconds=30)
            before = set(producers.acknowledged)
            backup = back_up(private_daemon.database, tmp_path / f"backup-{round}.db")
            tried = set(producers.tried)
            assert_sound(backup)
            restored = tmp_path / f"restored-{round}.db"
            assert holdfast("restore", backup, "--database", restored).returncode == 0
            found = drain(restored)
            assert before <= set(found) <= tried
            assert len(found) == len(set(found))
            assert deleted.isdisjoint(found)
    assert set(bodies_in(private_daemon)) == producers.acknowledged


def send_and_delete(client, queue, count):
    texts = {f"deleted {number}" for number in range(count)}
    send(client, queue, *texts)
    gone = set()
    while gone != texts:
        for message in receive(client, queue, MaxNumberOfMessages=10):
            client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            gone.add(message["Body"])
    return texts


def bodies_in(daemon):
    daemon.stop()
    with sqlite3.connect(f"file:{daemon.database}?mode=ro&immutable=1", uri=True) as file:
        found = [body for (body,) in file.execute("SELECT body FROM message_body")]
    file.close()
    daemon.start()
    return found


def test_a_backup_is_one_file_and_leaves_the_database_alone(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a", "b")
    (tmp_path / "to").mkdir()
    backup = back_up(private_daemon.database, tmp_path / "to" / "backup.db")
    assert files(tmp_path / "to") == ["backup.db"]
    send(client, queue, "c")
    private_daemon.stop()
    assert files(tmp_path) == ["holdfast.db", "to"]
    assert sorted(drain(backup)) == ["a", "b"]
    private_daemon.start()


def test_a_stopped_and_a_killed_daemons_file_are_copied_too(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a")
    private_daemon.stop()
    assert drain(back_up(private_daemon.database, tmp_path / "stopped.db")) == ["a"]
    assert files(tmp_path) == ["holdfast.db", "stopped.db"]
    private_daemon.start()
    send(client, queue, "b")
    private_daemon.kill()
    assert sorted(drain(back_up(private_daemon.database, tmp_path / "killed.db"))) == ["a", "b"]
    private_daemon.start()
    assert counters(client, queue) == (2, 0, 0)


def test_a_daemon_can_be_killed_and_started_while_a_backup_runs(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    for _ in range(40):
        send(client, queue, "x" * 1_000_000)
    backup = subprocess.Popen(
        [str(BINARY), "backup", str(tmp_path / "backup.db"), "--database", str(private_daemon.database)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    eventually((tmp_path / "backup.db.partial").exists)
    private_daemon.kill_and_restart()
    _, errors = backup.communicate(timeout=60)
    assert backup.returncode == 0, errors
    assert counters(client, queue)[0] == 40
    assert_sound(tmp_path / "backup.db")


def test_a_backup_that_is_interrupted_leaves_nothing(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    for _ in range(40):
        send(client, queue, "x" * 1_000_000)
    backup = subprocess.Popen(
        [str(BINARY), "backup", str(tmp_path / "backup.db"), "--database", str(private_daemon.database)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    eventually((tmp_path / "backup.db.partial").exists)
    backup.terminate()
    backup.communicate(timeout=60)
    assert backup.returncode == 1
    assert not list(tmp_path.glob("backup.db*"))


def test_what_cannot_be_done_is_told_in_one_line(private_daemon, tmp_path):
    database = private_daemon.database
    (tmp_path / "there.db").write_text("precious")
    assert_refused(holdfast("backup", tmp_path / "there.db", "--database", database), "exists, and is not overwritten")
    assert (tmp_path / "there.db").read_text() == "precious"
    assert_refused(holdfast("backup", tmp_path / "no" / "b.db", "--database", database), "No such file or directory")
    assert_refused(holdfast("backup", tmp_path / "b.db", "--database", tmp_path / "no.db"), "No such file or directory")
    assert_refused(holdfast("check", tmp_path / "there.db"), "is not a database")
    assert_refused(holdfast("check", tmp_path / "no.db"), "No such file or directory")
    assert_refused(holdfast("restore", tmp_path / "there.db", "--database", tmp_path / "b.db"), "is not a database")
    backup = back_up(database, tmp_path / "backup.db")
    assert_refused(holdfast("restore", backup, "--database", database), "exists, and is not overwritten")
    assert_refused(holdfast("restore", backup, "--database", database, "--force"), "is in use by another process")


@pytest.mark.parametrize(
    "arguments",
    [
        ["backup"], ["backup", "a", "b"], ["backup", "a", "--color"], ["backup", "a", "--database"],
        ["check"], ["check", "a", "b"], ["check", "a", "--database", "b"],
        ["restore"], ["restore", "a", "b"], ["restore", "a", "--force=yes"],
        ["serve", "--backup-keep", "0"], ["serve", "--backup-interval", "often"],
        ["serve", "--backup-keep", "3"], ["serve", "--backup-interval", "60"],
    ],
)
def test_a_wrong_command_line_is_refused(tmp_path, arguments):
    finished = holdfast(*arguments, cwd=tmp_path)
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["backup", "check", "restore"])
def test_every_command_explains_itself(command):
    finished = holdfast(command, "--help")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert f"holdfast {command}" in finished.stdout
    assert f"holdfast {command}" in holdfast("--help").stdout


# Check and restore


def test_a_check_tells_what_is_in_a_file(private_daemon):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a", "b", "c")
    send(client, queue, "later", DelaySeconds=900)
    receive(client, queue)
    for _ in ("served", "stopped"):
        summary = assert_sound(private_daemon.database)
        assert "us-east-1:000000000000:q: 2 visible, 1 in flight, 1 delayed" in summary
        if private_daemon.process:
            private_daemon.stop()
    assert files(private_daemon.database.parent) == ["holdfast.db"]
    private_daemon.start()


def test_a_restore_puts_the_backup_in_the_place_of_a_killed_daemons_file(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "in the backup")
    backup = back_up(private_daemon.database, tmp_path / "backup.db")
    for number in range(100):
        send(client, queue, f"{number} " + "x" * 10_000)
    private_daemon.kill()
    finished = holdfast("restore", backup, "--database", private_daemon.database, "--force")
    assert finished.returncode == 0, finished.stderr
    assert files(tmp_path) == ["backup.db", "holdfast.db"]
    private_daemon.start()
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == ["in the backup"]


# On a schedule


def finished_backups(folder):
    return [name for name in files(folder) if name.endswith(".db")]


def test_the_daemon_takes_backups_by_itself_and_keeps_some(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    daemon = Daemon(
        tmp_path / "orders.db",
        ["--backup-directory", str(folder), "--backup-interval", "1", "--backup-keep", "2"],
    ).start()
    try:
        client, queue = make_queue(daemon)
        send(client, queue, "a")
        first = eventually(lambda: finished_backups(folder))[0]
        eventually(lambda: first not in finished_backups(folder), seconds=20)
    finally:
        daemon.finish()
    assert files(tmp_path) == ["backups", "orders.db"]
    kept = files(folder)
    assert len(kept) == 2
    for name in kept:
        assert name.startswith("orders-2") and name.endswith("Z.db")
        assert_sound(folder / name)
    assert drain(folder / kept[-1]) == ["a"]


def test_a_scheduled_backup_that_fails_is_logged_and_tried_again(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    daemon = Daemon(tmp_path / "q.db", ["--backup-directory", str(folder), "--backup-interval", "1"]).start()
    try:
        client, queue = make_queue(daemon)
        eventually(lambda: finished_backups(folder))
        shutil.rmtree(folder)
        eventually(lambda: "backup failed" in daemon.log(), seconds=20)
        send(client, queue, "still served")
        folder.mkdir()
        eventually(lambda: finished_backups(folder), seconds=20)
    finally:
        daemon.finish()


def test_a_backup_directory_that_is_not_there_is_refused_at_the_start(tmp_path):
    finished = holdfast(
        "serve", "--port", "0", "--database", tmp_path / "q.db", "--backup-directory", tmp_path / "none"
    )
    assert_refused(finished, "none", "No such file or directory")


# Plain copies


def test_the_one_file_of_a_stopped_daemon_is_a_backup(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a", "b")
    private_daemon.stop()
    assert files(tmp_path) == ["holdfast.db"]
    shutil.copyfile(private_daemon.database, tmp_path / "copy.db")
    private_daemon.start()
    assert sorted(drain(tmp_path / "copy.db")) == ["a", "b"]


def test_the_file_of_a_running_daemon_without_its_log_is_refused(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a")
    shutil.copyfile(private_daemon.database, tmp_path / "copy.db")
    assert_start_is_refused(tmp_path / "copy.db", "copy.db-wal is missing")
    assert_refused(holdfast("check", tmp_path / "copy.db"), "copy.db-wal is missing")
    assert_refused(holdfast("restore", tmp_path / "copy.db", "--database", tmp_path / "new.db"), "is missing")


def test_file_and_log_of_a_running_daemon_copied_one_after_the_other_do_not_fit(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a")
    shutil.copyfile(private_daemon.database, tmp_path / "copy.db")
    # Enough for checkpoints, after which the log begins anew.
    for number in range(30):
        send(client, queue, f"{number} " + "x" * 500_000)
    send(client, queue, "last")
    shutil.copyfile(f"{private_daemon.database}-wal", tmp_path / "copy.db-wal")
    assert holdfast("check", tmp_path / "copy.db").returncode == 1


def test_file_and_log_of_a_killed_daemon_together_are_a_backup(private_daemon, tmp_path):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a", "b")
    private_daemon.kill()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{private_daemon.database}{suffix}", tmp_path / f"copy.db{suffix}")
    private_daemon.start()
    assert "2 visible" in assert_sound(tmp_path / "copy.db")
    assert sorted(drain(back_up(tmp_path / "copy.db", tmp_path / "folded.db"))) == ["a", "b"]


def test_a_log_that_another_program_has_folded_in_has_to_be_vouched_for(private_daemon):
    client, queue = make_queue(private_daemon)
    send(client, queue, "a")
    private_daemon.kill()
    with sqlite3.connect(private_daemon.database) as file:
        [(version,)] = file.execute("PRAGMA user_version")
    file.close()
    assert_start_is_refused(private_daemon.database, "holdfast.db-wal is missing")
    with sqlite3.connect(private_daemon.database) as file:
        file.execute(f"PRAGMA user_version = {version & ~(1 << 24)}")
    file.close()
    private_daemon.start()
    assert bodies(receive(client, queue)) == ["a"]


# Damage


def change_in_file(database, old, new):
    content = database.read_bytes()
    assert content.count(old) == 1 and len(old) == len(new)
    database.write_bytes(content.replace(old, new))


def test_a_body_that_the_disk_has_changed_is_not_handed_out_and_others_are(private_daemon):
    client, dead = make_queue(private_daemon, "dead")
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client, queue = make_queue(
        private_daemon, RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}', VisibilityTimeout=0
    )
    send(client, queue, "first", "this one is hurt", "third")
    private_daemon.stop()
    change_in_file(private_daemon.database, b"this one is hurt", b"this one is hUrt")
    check = holdfast("check", private_daemon.database)
    assert check.returncode == 1
    assert "does not have its MD5" in check.stderr
    private_daemon.start()
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == ["first", "third"]
    assert "a message is damaged and is not handed out" in private_daemon.log()
    # It stays a message, and goes the way of those that nobody can process.
    assert receive(client, queue, MaxNumberOfMessages=10) == []
    assert counters(client, dead) == (3, 0, 0)
    assert sorted(bodies(receive(client, dead, MaxNumberOfMessages=10))) == ["first", "third"]


def test_a_structure_that_contradicts_itself_stops_the_daemon(private_daemon):
    client, queue = make_queue(private_daemon)
    for number in range(200):
        send(client, queue, f"{number} " + "x" * 3000)
    private_daemon.stop()
    with sqlite3.connect(private_daemon.database) as file:
        [(root,)] = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'message_body'")
    file.close()
    content = bytearray(private_daemon.database.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = os.urandom(4096)
    private_daemon.database.write_bytes(content)
    private_daemon.start()
    with pytest.raises(Exception):
        receive(client, queue)
    process = private_daemon.process
    assert process.wait(10) == 1
    with pytest.raises(DaemonFailed):
        private_daemon.stop()
    assert "malformed" in private_daemon.log()
    assert "restore a backup" in private_daemon.log()
    finished = holdfast("check", private_daemon.database)
    assert finished.returncode == 1
    assert "DAMAGED" in finished.stdout


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_or_folder_that_may_not_be_written_is_refused(tmp_path, what):
    if os.geteuid() != 0:
        as_somebody = {}
    else:
        # Root may write everywhere.
        as_somebody = {"user": 65534, "group": 65534, "extra_groups": []}
        for parent in [tmp_path, *tmp_path.parents][:3]:
            parent.chmod(parent.stat().st_mode | 0o055)
    Daemon(tmp_path / "q.db").start().finish()
    (tmp_path / "q.db").chmod(0o444 if what == "file" else 0o666)
    tmp_path.chmod(0o777 if what == "file" else 0o555)
    try:
        finished = holdfast("serve", "--port", "0", "--database", tmp_path / "q.db", **as_somebody)
    except PermissionError:
        pytest.skip("nobody but root may run the binary here")
    finally:
        tmp_path.chmod(0o755)
    assert_refused(finished, "q.db", "can be written to")


def test_attributes_that_the_disk_has_changed_are_not_handed_out_either(private_daemon):
    client, queue = make_queue(private_daemon, VisibilityTimeout=0)
    send(client, queue, "hurt", MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"}})
    send(client, queue, "whole")
    private_daemon.stop()
    # The length of the name.
    change_in_file(private_daemon.database, b"\0\0\0\x06colour", b"\0\0\x06\0colour")
    assert "attributes of message" in holdfast("check", private_daemon.database).stderr
    private_daemon.start()
    assert bodies(receive(client, queue, MaxNumberOfMessages=10)) == ["whole"]
    assert "its attributes cannot be read" in private_daemon.log()


# A link to a database


def test_a_link_to_a_database_is_as_good_as_its_name(tmp_path):
    file, link = tmp_path / "data" / "real.db", tmp_path / "link.db"
    file.parent.mkdir()
    link.symlink_to("data/real.db")
    daemon = Daemon(link).start()
    try:
        client, queue = make_queue(daemon)
        send(client, queue, "one", "two")
        # What was sent is in the log alone.
        assert holdfast("backup", tmp_path / "backup.db", "--database", link).returncode == 0
        daemon.kill_and_restart()
        assert sorted(bodies(receive(client, queue, MaxNumberOfMessages=10))) == ["one", "two"]
        daemon.stop()
        restored = holdfast("restore", tmp_path / "backup.db", "--database", link, "--force")
        assert restored.returncode == 0, restored.stderr
        assert link.is_symlink() and file.exists()
        daemon.start()
        assert sorted(bodies(receive(client, queue, MaxNumberOfMessages=10))) == ["one", "two"]
    finally:
        daemon.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "data", "link.db", "link.db.log"]
