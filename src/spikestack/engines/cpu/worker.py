"""What one thread holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .driver import Inputs
from .gaps import Gaps
from .learning import Learning
from .plan import Partition
from .procedural import Rules
from .queueing import Queue

__all__ = ["Worker"]


@dataclass
class Worker:
    """What one thread needs to run one partition of one trial at a time."""

    part: Partition
    acc: np.ndarray
    keep: list[Any]
    inputs: Inputs
    quiet: np.ndarray
    queue: Queue | None
    rules: Rules | None
    gaps: Gaps | None
    learning: Learning | None

    @property
    def queue_bytes(self) -> int:
        """What synaptic events in flight may take."""
        return 0 if self.queue is None else self.queue.words.nbytes + self.queue.links.nbytes
