"""Background activity: an event alone is noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .base import LONG_AGO, EventFilter, FilterState, time_of

__all__ = ["BackgroundActivity"]


@dataclass(frozen=True)
class BackgroundActivity(EventFilter):
    """Pass an event if one of the eight neighbours of its pixel fired at most `dt` before.

    Every event leaves its time with its neighbours, whether it passes or not, so that a decision
    is a single comparison.

    Parameters
    ----------
    dt
        ms; 1 to 20 are usual.

    References
    ----------
    T. Delbruck (2008). Frame-free dynamic digital vision. Proc. Intl. Symp. on Secure-Life
    Electronics, 21-26.
    """

    dt: Any = 5.0

    def __post_init__(self) -> None:
        time_of(self, "dt")

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """When a neighbour last fired, in a frame one pixel wider on all sides."""
        return {"near": np.full((height + 2, width + 2), LONG_AGO, np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Compare and leave the time."""
        dt = round(self.dt * 1000)
        _decide(events.t, events.x, events.y, state.arrays["near"], dt, out)


@njit(cache=True, error_model="numpy")
def _decide(t: Any, x: Any, y: Any, near: Any, dt: int, out: Any) -> None:
    for i in range(len(t)):
        now, r, c = t[i], np.int64(y[i]), np.int64(x[i])
        out[i] = near[r + 1, c + 1] >= now - dt
        near[r, c] = near[r, c + 1] = near[r, c + 2] = now
        near[r + 1, c] = near[r + 1, c + 2] = now
        near[r + 2, c] = near[r + 2, c + 1] = near[r + 2, c + 2] = now
