"""Measures the daemon beside other systems on this machine, in turn, and says how it stands against its goals.

All that keep messages write to the same disk and, but for moto, sync before they answer. Every round measures each system
once, so that what the machine does meanwhile falls on all of them, and ratios are those within a round. The rates themselves
are the machine's; the ratios are what to look at.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from daemon import DaemonFailed, end_on_signals, REPOSITORY

from . import report
from .failure import MeasurementFailed
from .groups import ALL, SMOKE
from .machine import refuse_memory
from .postgresql import refuse_closed
from .settings import Bench

DOCUMENT = REPOSITORY / "docs/benchmarks.md"
README = REPOSITORY / "README.md"


def main():
    options = parse_options()
    end_on_signals()
    folder = options.directory / f"run-{time.strftime('%Y%m%dT%H%M%S')}"
    folder.mkdir(parents=True)
    try:
        refuse_memory(folder)
        # PostgreSQL runs as a user of its own.
        folder.chmod(0o755)
        groups = groups_for(options)
        if "peers" in groups:
            refuse_closed(folder.resolve())
        patience = {"rest_seconds": 0, "trials_max": 1} if options.smoke else {}
        bench = Bench(folder.resolve(), options.rounds, options.seconds, **patience)
        return run_groups(bench, groups, not options.group)
    finally:
        shutil.rmtree(folder)


def parse_options():
    parser = argparse.ArgumentParser(
        prog="bench",
        description=__doc__.splitlines()[0],
        epilog="Without a group: all, and docs/benchmarks.md and the goals in the README are written. "
        + " ".join(f"{name}: {group.TITLE}." for name, group in ALL.items()),
    )
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each system, taken in turn (5)")
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement (3)")
    parser.add_argument("--smoke", action="store_true", help="two short rounds without the peers, to see that all works")
    parser.add_argument(
        "--directory", type=Path, default=REPOSITORY / ".build/bench", help="where all systems keep their files (.build/bench)"
    )
    parser.add_argument("group", nargs="*", help=f"what to measure, of {', '.join(ALL)}")
    options = parser.parse_args()
    if unknown := set(options.group) - ALL.keys():
        parser.error(f"unknown group {unknown.pop()}")
    if options.smoke:
        options.rounds, options.seconds, options.group = 2, 1, list(SMOKE)
    return options


def groups_for(options):
    return {name: ALL[name] for name in options.group} if options.group else ALL


def run_groups(bench, groups, writes):
    """Measures the groups one after the other. 1 if one of them failed, which does not keep the others from being told."""
    introduction = report.introduction(bench, groups)
    print(introduction, flush=True)
    results = {}
    for name, group in groups.items():
        began = time.monotonic()
        try:
            results[name] = group.measure(bench)
        except (MeasurementFailed, DaemonFailed, OSError) as failure:
            print(f"\n## {group.TITLE}\n\n{name} failed: {failure}", flush=True)
            continue
        print(f"\n{report.section(group, results[name])}\n\n{name} took {time.monotonic() - began:.0f} s", flush=True)
    introduction += f"\n- {bench.watch.summary()}"
    print(f"\n{bench.watch.summary()}")
    if writes and results:
        DOCUMENT.write_text(report.document(introduction, groups, results))
        README.write_text(report.with_goals(README.read_text(), groups, results))
        print(f"\nwritten to {DOCUMENT} and {README}")
    return 0 if results.keys() == groups.keys() else 1


if __name__ == "__main__":
    sys.exit(main())
