"""Fewer, larger pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..events import CameraEvents
from .base import LONG_AGO, EventFilter, FilterState, time_of, whole_number
from .refractory import pace

__all__ = ["DownSample"]


@dataclass(frozen=True)
class DownSample(EventFilter):
    """Join pixels to cells of `factor` x `factor`, each with a refractory period.

    Of the events of a cell and polarity, those that come less than `refractory` after the last that
    passed are dropped. A row or column of cells at the lower or right border may be smaller.

    Parameters
    ----------
    factor
        Pixels.
    refractory
        ms; 0 keeps all events.
    """

    factor: int = 2
    refractory: Any = 0.0

    def __post_init__(self) -> None:
        whole_number(self, "factor", self.factor, most=65535)
        time_of(self, "refractory", least=0.0)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """When each cell and polarity last passed."""
        columns, rows = self.size(width, height)
        return {"passed": np.full((2, rows, columns), LONG_AGO, np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Compare with the last that passed."""
        passed, period = state.arrays["passed"], round(self.refractory * 1000)
        pace(events.t, events.x, events.y, events.p, passed, period, self.factor, out)

    def moved(self, events: CameraEvents) -> CameraEvents:
        """By cell."""
        factor, size = np.uint16(self.factor), self.size(events.width, events.height)
        return CameraEvents(events.t, events.x // factor, events.y // factor, events.p, *size)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """In cells, rounded up."""
        return -(-width // self.factor), -(-height // self.factor)
