"""Measurements that the host of a virtual machine hardly disturbs.

Where it grants less processor time than the machine wants, all of its processors stand still for tens of milliseconds, again
and again, and what is measured says more of the host's other guests than of the system (docs/performance.md). So a measurement
in which that was more than a little is made again. Which one counts depends on the time held back alone, never on the result,
and is the same for all systems.
"""

import os
import time
from dataclasses import dataclass

TRIALS_MAX = 3
# Of the processor time that the machine wanted.
HELD_BACK_MAX = 0.02


@dataclass(frozen=True)
class Trial:
    figures: object
    # The share of the processor time wanted in it that the host held back.
    held_back: float


def undisturbed(bench, measure, prepare=None):
    """What `measure` returned in the first trial in which the host held back next to nothing, else in the one of at most
    three in which it held back the least.

    `prepare` comes before each trial and is no part of it. Without one the machine rests before each but the first.
    """
    trials = []
    while not trials or trials[-1].held_back > HELD_BACK_MAX and len(trials) < bench.trials_max:
        if prepare:
            prepare()
        elif trials:
            rest(bench)
        before = Processors.now()
        figures = measure()
        trials.append(Trial(figures, Processors.now().held_back_since(before)))
    best = min(trials, key=lambda trial: trial.held_back)
    bench.held_back.append([trial.held_back for trial in trials])
    return best.figures


def summary(held_back):
    """How often measurements were made again, and how disturbed those are that counted, from `Bench.held_back`."""
    repeated = sum(len(shares) > 1 for shares in held_back)
    disturbed = [least for shares in held_back if (least := min(shares)) > HELD_BACK_MAX]
    text = f"processor time that the host held back: {repeated} of {len(held_back)} measurements made again because it was more"
    text += f" than {HELD_BACK_MAX:.0%} of what the machine wanted"
    if disturbed:
        text += f", {len(disturbed)} of them in vain (up to {max(disturbed):.0%})"
    return text


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

    def held_back_since(self, before):
        """The share of what was wanted that the host gave to others, or held back."""
        used, held_back = self.used - before.used, self.held_back - before.held_back
        return held_back / (used + held_back) if held_back else 0


def rest(bench):
    """Leaves the machine alone for a while.

    A virtual machine gives memory that became free, as with the files of the measurement before, back to its host. Linux
    does that every two seconds, in bursts that hold a processor for tens of milliseconds (docs/performance.md).
    """
    time.sleep(bench.rest_seconds)
