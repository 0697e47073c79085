"""What a run is told: where, how long, how many."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """The settings of a run. `folder` is on the disk that all systems write to."""

    folder: Path
    rounds: int
    seconds: int
    warm_up: int = 1
    # How long the machine is left alone before times are measured.
    rest_seconds: int = 10
    connections: int = 64
    message_size: int = 1024
