"""The crash loop, in short. `Scripts/crash-loop` is the long run."""

import shutil

import pytest

from crash import loop
from daemon import Daemon


@pytest.mark.timeout(300)
def test_ten_kills_lose_nothing_and_bring_nothing_back(tmp_path):
    daemon = Daemon(tmp_path / "holdfast.db", loop.OPTIONS, port=loop.free_port()).start()
    try:
        verdict = loop.run(daemon, kills=10, seed=1)
    finally:
        daemon.finish()
    assert verdict.violations == [], str(verdict)
    assert all(verdict.figures[name] > 0 for name in ("acknowledged", "messages received", "deletes acknowledged"))


class ForgetfulDaemon(Daemon):
    """At its fourth start it is given back the file as the second found it: what was acknowledged since is undone."""

    starts = 0

    def start(self):
        self.starts += 1
        if self.starts == 2:
            self.copy(self.database, self.database.with_suffix(".old"))
        if self.starts == 4:
            self.copy(self.database.with_suffix(".old"), self.database)
        return super().start()

    def copy(self, source, target):
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{source}{suffix}", f"{target}{suffix}")


@pytest.mark.timeout(300)
def test_the_oracle_notices_a_daemon_that_forgets(tmp_path):
    daemon = ForgetfulDaemon(tmp_path / "holdfast.db", loop.OPTIONS, port=loop.free_port()).start()
    try:
        verdict = loop.run(daemon, kills=5, seed=1)
    finally:
        daemon.finish()
    broken = {line.partition(":")[0] for line in verdict.violations}
    assert {"lost", "came back after a delete"} <= broken
