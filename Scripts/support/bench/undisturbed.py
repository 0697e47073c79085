"""Measurements that the host of a virtual machine hardly disturbs.

Where it grants less processor time than the machine wants, all of its processors stand still for tens of milliseconds, again
and again, and what is measured says more of the host's other guests than of the system (docs/performance.md). So a measurement
in which that was more than a little is made again. Which one counts depends on the time held back, not on the result. A system
that wants more of the processors is held back more often.
"""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass

# Of the processor time that the machine wanted.
HELD_BACK_MAX = 0.02


class Watch:
    """How much the host held back in each trial of each measurement: a list of shares for each."""

    def __init__(self):
        self.measurements = []
        self.used = self.held_back = 0

    def begin_trial(self):
        self.used = self.held_back = 0

    @contextmanager
    def measuring(self):
        """The block is what counts of a trial: not what it starts, fills and removes, but for the backlogs that
        `holdfast bench` fills itself."""
        before = Processors.now()
        yield
        now = Processors.now()
        self.used += now.used - before.used
        self.held_back += now.held_back - before.held_back

    @property
    def share(self):
        return self.held_back / (self.used + self.held_back) if self.held_back else 0

    def summary(self):
        disturbed = [least for shares in self.measurements if (least := min(shares)) > HELD_BACK_MAX]
        text = f"the host held back more than {HELD_BACK_MAX:.0%} of the processor time wanted in {len(disturbed)} of "
        text += f"{len(self.measurements)} measurements, for which {sum(map(len, self.measurements))} trials were made"
        return text + (f"; {max(disturbed):.0%} at the most" if disturbed else "")


def undisturbed(bench, measure, prepare=None):
    """What `measure` returned in the first trial in which the host held back next to nothing, else in the one of at most
    `bench.trials_max` in which it held back the least.

    `prepare` comes before each trial. Without one the machine rests before each but the first.
    """
    results, shares = [], []
    while not shares or shares[-1] > HELD_BACK_MAX and len(shares) < bench.trials_max:
        if prepare:
            prepare()
        elif shares:
            rest(bench)
        bench.watch.begin_trial()
        results.append(measure())
        shares.append(bench.watch.share)
    bench.watch.measurements.append(shares)
    return results[shares.index(min(shares))]


@dataclass(frozen=True)
class Processors:
    """What became so far of the time of all processors that somebody wanted, in seconds: see proc_stat(5)."""

    used: float
    held_back: float

    @staticmethod
    def now():
        with open("/proc/stat") as lines:
            user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, next(lines).split()[1:9])
        ticks = os.sysconf("SC_CLK_TCK")
        return Processors((user + nice + system + interrupts + soft_interrupts) / ticks, stolen / ticks)


def rest(bench):
    """Leaves the machine alone for a while.

    A virtual machine gives memory that became free, as with the files of the measurement before, back to its host. Linux
    does that every two seconds, in bursts that hold a processor for tens of milliseconds (docs/performance.md).
    """
    time.sleep(bench.rest_seconds)
