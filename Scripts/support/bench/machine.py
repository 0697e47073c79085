"""The machine of a measurement: what it is, whether the folder is on a disk, and how long one sync takes there."""

import os
import platform
import time

from .figures import percentile
from .server import run

# Neither of them keeps anything through a power cut, so a sync on them costs nothing.
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}

PAGE = b"x" * 4096
SYNC_PAGES = 1024


def description(folder):
    """Lines that tell the machine, as (what, value)."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    virtual = ", a virtual machine" if "hypervisor" in cpu_field("flags").split() else ""
    return [
        ("processor", f"{cpu_field('model name') or platform.machine()}, {cores} cores{virtual}"),
        ("memory", f"{memory:.0f} GB"),
        ("system", f"{release_name()}, Linux {platform.release()}"),
        ("disk", f"{file_system(folder)} on {source(folder)}"),
        ("load when it began", " ".join(f"{load:.2f}" for load in os.getloadavg())),
    ]


def cpu_field(name):
    """A field of the first processor; which there are depends on the architecture."""
    with open("/proc/cpuinfo") as lines:
        fields = (line.split(":", 1) for line in lines if ":" in line)
        return next((value.strip() for key, value in fields if key.strip() == name), "")


def release_name():
    with open("/etc/os-release") as lines:
        return dict(line.rstrip().split("=", 1) for line in lines if "=" in line)["PRETTY_NAME"].strip('"')


def file_system(folder):
    return run(["df", "--output=fstype", folder]).split()[-1]


def source(folder):
    return run(["df", "--output=source", folder]).split()[-1]


def refuse_memory(folder):
    kind = file_system(folder)
    if kind in MEMORY_FILE_SYSTEMS:
        raise SystemExit(f"{folder} is on {kind}, where syncing costs nothing: give another with --directory")


def sync_times_ms(folder, seconds, pause=0):
    """How long it takes to write 4 KiB over an older part of a file and to sync it, as SQLite does with its log.

    `pause`: so many seconds go by between one and the next, in which disk and processors fall asleep.
    """
    path = folder / "sync"
    times = []
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, PAGE * SYNC_PAGES, 0)
        os.fsync(file)
        deadline = time.monotonic() + seconds
        while (started := time.monotonic()) < deadline:
            if pause:
                time.sleep(pause)
                started = time.monotonic()
            os.pwrite(file, PAGE, len(times) % SYNC_PAGES * len(PAGE))
            os.fdatasync(file)
            times.append((time.monotonic() - started) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return {"p50": percentile(times, 50), "p99": percentile(times, 99)}
