"""Refractoriness: a pixel that has spoken is not heard for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ..events import CameraEvents, UnitEvents
from .base import LONG_AGO, EventFilter, FilterState, time_of

__all__ = ["RefractoryFilter"]


@dataclass(frozen=True)
class RefractoryFilter(EventFilter):
    """Drop events of a pixel or unit that come less than `period` after its last one that passed.

    Parameters
    ----------
    period
        ms.
    by_polarity
        Whether ON and OFF of a pixel are counted apart.
    """

    period: Any = 1.0
    by_polarity: bool = False

    takes = (CameraEvents, UnitEvents)

    def __post_init__(self) -> None:
        time_of(self, "period")

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """When each pixel (and polarity) last passed."""
        return {"passed": np.full((1 + bool(self.by_polarity), height, width), LONG_AGO, np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Compare with the last that passed."""
        passed, period = state.arrays["passed"], round(self.period * 1000)
        pace(events.t, events.x, events.y, events.p, passed, period, 1, out)


@njit(cache=True, error_model="numpy")
def pace(t: Any, x: Any, y: Any, p: Any, passed: Any, period: int, cell: int, out: Any) -> None:
    """Pass what comes at least `period` after the last that passed, in cells of pixels."""
    both = len(passed) - 1
    for i in range(len(t)):
        w, r, c = np.int64(p[i]) * both, np.int64(y[i]) // cell, np.int64(x[i]) // cell
        since = t[i] - passed[w, r, c]
        late = since >= period
        out[i] = late
        # A product, as a branch by chance is mispredicted every other time.
        passed[w, r, c] += since * late
