"""Spatio-temporal correlation: several neighbours, not just one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .base import LONG_AGO, EventFilter, FilterState, time_of, whole_number

__all__ = ["SpatioTemporalCorrelation"]


@dataclass(frozen=True)
class SpatioTemporalCorrelation(EventFilter):
    """Pass an event if at least `k` of the eight neighbours of its pixel fired within `dt`.

    Parameters
    ----------
    dt
        ms.
    k
        From 1 to 8; 1 is `BackgroundActivity`.
    same_polarity
        Whether only events of the same polarity count.

    References
    ----------
    S. Guo, T. Delbruck (2022). Low cost and latency event camera background activity denoising.
    IEEE Trans. Pattern Anal. Mach. Intell. 45, 785-795.
    """

    dt: Any = 5.0
    k: int = 2
    same_polarity: bool = False

    def __post_init__(self) -> None:
        time_of(self, "dt")
        whole_number(self, "k", self.k, 1, 8)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """The last time of each pixel (and polarity), in a frame one pixel wider."""
        maps = 2 if self.same_polarity else 1
        return {"last": np.full((maps, height + 2, width + 2), LONG_AGO, np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Count the neighbours."""
        dt, last = round(self.dt * 1000), state.arrays["last"]
        _decide(events.t, events.x, events.y, events.p, last, dt, self.k, out)


@njit(cache=True, error_model="numpy")
def _decide(t: Any, x: Any, y: Any, p: Any, last: Any, dt: int, k: int, out: Any) -> None:
    both = len(last) - 1
    for i in range(len(t)):
        since, w = t[i] - dt, np.int64(p[i]) * both
        r, c = np.int64(y[i]), np.int64(x[i])
        above, own, below = last[w, r], last[w, r + 1], last[w, r + 2]
        n = np.int64(own[c] >= since) + np.int64(own[c + 2] >= since)
        for right in range(3):
            n += np.int64(above[c + right] >= since) + np.int64(below[c + right] >= since)
        out[i] = n >= k
        own[c + 1] = t[i]
