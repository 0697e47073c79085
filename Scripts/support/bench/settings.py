"""What a run is told: where, how long, how many."""

from dataclasses import dataclass, field
from pathlib import Path

from .undisturbed import Watch


@dataclass(frozen=True)
class Bench:
    """The settings of a run. `folder` is on the disk that all systems write to."""

    folder: Path
    rounds: int
    seconds: int
    warm_up: int = 1
    # How long the machine is left alone before times are measured.
    rest_seconds: int = 10
    # How often a measurement is made at the most if the host disturbs it.
    trials_max: int = 3
    connections: int = 64
    message_size: int = 1024
    # Of the host, meanwhile.
    watch: Watch = field(default_factory=Watch)
