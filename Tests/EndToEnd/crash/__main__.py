"""The long run: python -m crash --kills 200"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from crash import loop
from daemon import Daemon, end_on_signals


def main():
    parser = argparse.ArgumentParser(prog="crash-loop", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the daemon is killed (200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the clients and the kills")
    arguments = parser.parse_args()
    end_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="holdfast-crash-loop-"))
    daemon = Daemon(folder / "holdfast.db", loop.OPTIONS, port=loop.free_port()).start()
    started = time.monotonic()
    try:
        every = max(1, arguments.kills // 20)
        verdict = loop.run(daemon, arguments.kills, arguments.seed, every, report=print_now)
    finally:
        daemon.finish()
    print(f"{'seed':22} {arguments.seed}\n{'seconds':22} {time.monotonic() - started:.0f}\n{verdict}")
    if verdict.violations:
        print(f"the database and the log are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def print_now(line):
    print(line, file=sys.stderr, flush=True)


sys.exit(main())
