"""Shows where the time of SendMessage goes: processor time of each thread, the writer's day, and whose code it is.

Three windows of the same load, from 64 connections and the daemon's own load generator on the same machine: one that nobody
watches, for processor time; one in which perf notes the writer's system calls; one in which it samples both threads.
"""

import argparse
import collections
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.holdfast import load, serving, ticks
from bench.server import run
from bench.settings import Bench
from daemon import end_on_signals, REPOSITORY

THREADS = ("http", "writer")
TICKS = os.sysconf("SC_CLK_TCK")
# System calls by their numbers on x86-64; others do not take long.
CALLS = {17: "pread", 18: "pwrite", 75: "fdatasync", 202: "futex"}
# What the writer does in a call, by the call and the file it is for.
PHASES = {
    ("futex", ""): "waiting for requests",
    ("fdatasync", "log"): "syncing the log",
    ("pwrite", "log"): "writing the log",
    ("pread", "log"): "checkpoints: reading the log",
    ("pwrite", "database"): "checkpoints: writing pages",
    ("fdatasync", "database"): "checkpoints: syncing the database",
}
REST = "running, or ready to run while another thread has the processor"


def main():
    parser = argparse.ArgumentParser(prog="profile", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3, help="length of each of the three windows (3)")
    seconds = parser.parse_args().seconds
    end_on_signals()
    if os.geteuid() != 0 or os.uname().machine != "x86_64":
        sys.exit("profile: perf's trace points are for root, and the numbers of the system calls those of x86-64")
    with tempfile.TemporaryDirectory(prefix="profile-", dir=REPOSITORY / ".build") as name:
        folder = Path(name)
        with serving(folder / "daemon") as daemon:
            profile(daemon, folder, seconds)


def profile(daemon, folder, seconds):
    with sending(daemon, folder, seconds) as sends:
        used, idle = processor_seconds(daemon.pid), idle_seconds()
        time.sleep(seconds)
        used, idle = processor_seconds(daemon.pid) - used, idle_seconds() - idle
    rate = sends.result()["requests_per_second"]
    print(f"{rate:,.0f} sends a second; the processors were idle for {idle / seconds / os.cpu_count():.0%} of the time\n")
    tell_processor_time(used, rate * seconds, seconds)
    calls, samples = folder / "calls", folder / "samples"
    with sending(daemon, folder, seconds):
        record(calls, seconds, threads(daemon.pid, "writer"), "-e", "raw_syscalls:sys_enter,raw_syscalls:sys_exit")
        files = open_files(daemon)
    with sending(daemon, folder, seconds):
        record(samples, seconds, threads(daemon.pid, *THREADS), "-F", "4000")
    tell_phases(calls, files)
    tell_code(samples)


@contextmanager
def sending(daemon, folder, seconds):
    """Sends as fast as it goes, from before until after the window of `seconds`. Gives what becomes of it."""
    bench = Bench(folder, rounds=1, seconds=seconds + 1)
    with ThreadPoolExecutor() as executor:
        sends = executor.submit(load, bench, daemon.url, "send")
        time.sleep(bench.warm_up + 0.5)
        yield sends
        # Fails as the load did.
        sends.result()


def record(output, seconds, threads, *options):
    listed = ",".join(map(str, threads))
    run(["perf", "record", "-q", "-o", output, *options, "-t", listed, "--", "sleep", seconds])


def threads(pid, *names):
    """The ids of the threads of those names."""
    folder = Path(f"/proc/{pid}/task")
    return [int(task.name) for task in folder.iterdir() if (task / "comm").read_text().strip() in names]


def processor_seconds(pid):
    """What each thread has used in its own code and in the system."""
    used = collections.Counter()
    for name in THREADS:
        for thread in threads(pid, name):
            program, system = ticks(f"{pid}/task/{thread}")
            used[name, "program"] += program / TICKS
            used[name, "system"] += system / TICKS
    return used


def idle_seconds():
    """All processors together; see `idle` and `iowait` in proc_stat(5)."""
    return sum(map(int, Path("/proc/stat").read_text().split()[4:6])) / TICKS


def open_files(daemon):
    """The database and its log, by their descriptors."""
    names = {str(daemon.database): "database", f"{daemon.database}-wal": "log"}
    folder = Path(f"/proc/{daemon.pid}/fd")
    return {int(fd.name): names[os.readlink(fd)] for fd in folder.iterdir() if os.readlink(fd) in names}


def tell_processor_time(used, requests, seconds):
    print("| thread | program | system | of one processor |\n| --- | --- | --- | --- |")
    for name in THREADS:
        program, system = used[name, "program"], used[name, "system"]
        each = f"{program / requests * 1e6:.1f} µs | {system / requests * 1e6:.1f} µs"
        print(f"| {name} | {each} | {(program + system) / seconds:.0%} |")


def tell_phases(recorded, files):
    """How long the writer was in which system call. What is left is its own work, and waiting for a processor."""
    output = run(["perf", "script", "-i", recorded, "-F", "time,event,trace"])
    events = re.findall(r"([\d.]+):\s+raw_syscalls:sys_(enter|exit): NR (\d+)(?: \(([0-9a-f]+))?", output)
    spent, began = collections.Counter(), None
    for moment, kind, number, argument in events:
        if kind == "enter":
            began = float(moment), CALLS.get(int(number)), int(argument, 16)
        elif began:
            started, call, descriptor = began
            file = "" if call == "futex" else files.get(descriptor, "")
            spent[PHASES.get((call, file), "other system calls")] += float(moment) - started
            began = None
    whole = float(events[-1][0]) - float(events[0][0])
    spent[REST] = whole - spent.total()
    tell_shares("the writer", spent, whole)


def tell_code(recorded):
    """Whose code the samples of each thread met."""
    output = run(["perf", "report", "-i", recorded, "--stdio", "--sort", "comm,dso"])
    for name in THREADS:
        found = re.findall(rf"^\s*([\d.]+)%\s+{name}\s+(\S+)", output, re.MULTILINE)
        shares = collections.Counter({dso.strip("[]").replace("kernel.kallsyms", "Linux"): float(share) for share, dso in found})
        tell_shares(f"code of the {name} thread", shares, shares.total())


def tell_shares(title, spent, whole):
    print(f"\n| {title} | share |\n| --- | --- |")
    for what, time_spent in spent.most_common():
        if time_spent / whole >= 0.005:
            print(f"| {what} | {time_spent / whole:.0%} |")


if __name__ == "__main__":
    main()
