"""The measurements, by name. Each module has a `TITLE`, the `ROWS` of its table, and `measure(bench)`, the rounds."""

from . import backlog, emptied, idle, parked, peers, poll, send, tail

# In the order in which they run.
ALL = {
    "send": send, "peers": peers, "backlog": backlog, "poll": poll, "idle": idle, "parked": parked, "tail": tail,
    "emptied": emptied,
}
SMOKE = {"send": send}
