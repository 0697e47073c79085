"""What the rounds of a measurement come to: medians with their spread, compared with a goal, as a table."""

import math
import operator
import statistics
from dataclasses import dataclass
from typing import Callable


def ratio(value):
    return f"{value:.2f}"


def rate(value):
    return f"{value:,.0f}/s"


def milliseconds(value):
    if value == math.inf:
        return "could not keep up"
    return f"{value:.2f} ms" if value < 10 else f"{value:,.0f} ms"


def megabytes(value):
    return f"{value:,.1f} MB"


def share(value):
    return f"{value:.0%}"


def count(value):
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Goal:
    sign: str
    bound: float

    def reached(self, value):
        return (operator.ge if self.sign == "≥" else operator.le)(value, self.bound)


def at_least(bound):
    return Goal("≥", bound)


def at_most(bound):
    return Goal("≤", bound)


@dataclass(frozen=True)
class Row:
    """One line of a table. `value` computes it from the figures of one round, so that a ratio is one within a round."""

    what: str
    value: Callable[[dict], float]
    form: Callable[[float], str] = rate
    goal: Goal | None = None

    def cells(self, rounds):
        """What the table has of the row. Without rounds its measurement failed."""
        values = [self.value(figures) for figures in rounds]
        goal = f"{self.goal.sign} {self.form(self.goal.bound)}" if self.goal else "–"
        return [self.what, goal, spread(values, self.form), self.verdict(values)]

    def verdict(self, values):
        if not self.goal:
            return "–"
        return "yes" if values and self.goal.reached(statistics.median(values)) else "no"


def spread(values, form):
    """The median, and what the values went from and to."""
    if not values:
        return "not measured"
    median = form(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({form(min(values))} to {form(max(values))})"


def percentile(values, percent):
    """The least of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    # Rounded up in whole numbers: 0.99 * 100 is a little more than 99.
    rank = -(-len(ordered) * round(percent * 100) // 10_000)
    return ordered[max(rank, 1) - 1]


HEADINGS = ["what", "goal", "measured: median (from to)", "reached"]


def table(lines):
    """Lines of cells as a Markdown table, its columns aligned so that it reads well in a terminal too."""
    lines = [HEADINGS, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)
