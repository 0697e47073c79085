"""The result of a run: what the terminal shows, and `docs/benchmarks.md`."""

import time

from . import beanstalkd, holdfast, machine, moto, nginx, postgresql, raw_sqlite, redis, wrk
from .figures import table

# What takes part beside the daemon itself, by group.
PARTICIPANTS = {
    "send": [("nginx", nginx), ("SQLite", raw_sqlite), ("wrk", wrk)],
    "peers": [("Redis", redis), ("PostgreSQL", postgresql), ("beanstalkd", beanstalkd), ("moto", moto)],
}

GOALS_BEGIN = "<!-- the goals, written by Scripts/bench -->"
GOALS_END = "<!-- end of the goals -->"

DOCUMENT = """\
# Benchmarks

Written by `Scripts/bench`, which installs the systems compared from Debian and PyPI, starts each on the loopback, measures
them in turn and stops them. All write to the same disk and, but for moto, sync before they answer. The load generators share
the machine with what they load: `holdfast bench` for the daemon and moto, redis-benchmark and pgbench for theirs, wrk where
it is named, and small clients in Python for beanstalkd and for taking portions out of a backlog, with how busy they were.

Every round measures each system once. A ratio is computed within a round; told are the median of the rounds and what they
went from and to. The rates are those of the machine and of the hour: compare ratios, not rates.

The host of a virtual machine can hold its processors back. A measurement in which that was more than a little is made again
after a rest, twice at the most, and the one with the least of it counts, whatever it came to.

{introduction}

## The goals

{goals}

{sections}

## Not measured

RabbitMQ: Debian has no load generator for it that waits for confirms and is faster than the broker. ElasticMQ and goaws:
neither Debian nor PyPI has them.
"""


def introduction(bench, groups):
    """The machine, and which systems take part with which settings."""
    lines = [f"- date: {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"]
    lines += [f"- {what}: {value}" for what, value in machine.description(bench.folder)]
    lines.append(
        f"- rounds: {bench.rounds}, {bench.seconds} s for most measurements; {bench.warm_up} s of warm-up for holdfast bench and"
        " pgbench, 5,000 requests for Redis, none for wrk, SQLite and beanstalkd"
    )
    participants = [("Holdfast", holdfast)]
    for name in groups:
        participants += PARTICIPANTS.get(name, [])
    lines += [f"- {title} {module.version()}: {module.SETTING}" for title, module in participants]
    return "\n".join(lines)


def section(group, rounds):
    return f"## {group.TITLE}\n\n{table([row.cells(rounds) for row in group.ROWS])}"


def document(introduction, groups, results):
    """All of it. Groups without results could not be measured."""
    if failures := groups.keys() - results.keys():
        introduction += f"\n- not in here, because their measurement failed: {', '.join(sorted(failures))}"
    sections = [section(groups[name], rounds) for name, rounds in results.items()]
    return DOCUMENT.format(introduction=introduction, goals=goals(groups, results), sections="\n\n".join(sections))


def with_goals(text, groups, results):
    """A text whose table of the goals, which stands between two comments, is replaced by that of this run."""
    before, begin, rest = text.partition(GOALS_BEGIN)
    _, end, after = rest.partition(GOALS_END)
    if not end:
        raise SystemExit(f"the README lacks the comments around its goals: {GOALS_BEGIN} and {GOALS_END}")
    return f"{before}{begin}\n{goals(groups, results)}\n{end}{after}"


def goals(groups, results):
    """The rows of all groups that have a goal, in one table."""
    rows = [(row, results.get(name, [])) for name, group in groups.items() for row in group.ROWS if row.goal]
    return table([row.cells(rounds) for row, rounds in rows])
