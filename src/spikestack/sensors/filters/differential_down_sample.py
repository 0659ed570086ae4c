"""Fewer, larger pixels, each of which adds up what its pixels say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import EventFilter, FilterState, whole_number

__all__ = ["DifferentialDownSample"]


@dataclass(frozen=True)
class DifferentialDownSample(EventFilter):
    """Join pixels to cells of `factor` x `factor` that integrate and fire.

    A cell counts ON events up and OFF events down. The event with which the sum reaches `threshold`
    passes as one of the cell, and the threshold is taken off; so does one at its negative, as OFF.
    What flickers within a cell cancels, where `DownSample` lets the first of it pass.

    Parameters
    ----------
    factor
        Pixels.
    threshold
        Events; by default ``factor**2``, with which a change of all pixels of a cell is one event.
    """

    factor: int = 2
    threshold: int | None = None

    def __post_init__(self) -> None:
        whole_number(self, "factor", self.factor, most=65535)
        if self.threshold is not None:
            whole_number(self, "threshold", self.threshold, most=2**31 - 1)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """The sum of each cell."""
        columns, rows = self.size(width, height)
        return {"sum": np.zeros((rows, columns), np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Add up."""
        threshold = self.factor**2 if self.threshold is None else self.threshold
        _decide(events.x, events.y, events.p, state.arrays["sum"], self.factor, threshold, out)

    def moved(self, events: CameraEvents) -> CameraEvents:
        """By cell."""
        factor, size = np.uint16(self.factor), self.size(events.width, events.height)
        return CameraEvents(events.t, events.x // factor, events.y // factor, events.p, *size)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """In cells, rounded up."""
        return -(-width // self.factor), -(-height // self.factor)


@njit(cache=True, error_model="numpy")
def _decide(x: Any, y: Any, p: Any, total: Any, factor: int, threshold: int, out: Any) -> None:
    for i in range(len(x)):
        r, c = np.int64(y[i]) // factor, np.int64(x[i]) // factor
        sign = 2 * np.int64(p[i]) - 1
        # The sum lies within the threshold, so that only the sign of this event can reach it.
        grown = total[r, c] + sign
        fires = grown * sign >= threshold
        out[i] = fires
        total[r, c] = grown - fires * sign * threshold
