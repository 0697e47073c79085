"""The measurements, by name. Each module has a `TITLE`, the `ROWS` of its table, and `measure(bench)`, the rounds."""

from . import backlog, emptied, idle, parked, peers, poll, send, tail

# In the order in which they run. The others take long and have to be asked for.
USUAL = {"send": send, "peers": peers, "backlog": backlog, "poll": poll, "idle": idle, "parked": parked, "tail": tail}
ALL = {**USUAL, "emptied": emptied}
SMOKE = {"send": send}
