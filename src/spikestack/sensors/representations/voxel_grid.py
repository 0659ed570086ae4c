"""Voxel grid: events spread over the two nearest moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import Representation, check_whole, space, span

__all__ = ["VoxelGrid"]


@dataclass(frozen=True)
class VoxelGrid(Representation):
    """Events weighted by their distance in time from the middles of bins.

    The event at t counts ``max(0, 1 - |b - s|)`` in bin b, where ``s = (bins - 1)*(t - t0)/(t1 -
    t0)``; t0 and t1 are the times of the first and last event, or `start` and `stop`. Weights are
    computed in double precision, rounded to single, and added in the order of events.

    Parameters
    ----------
    bins
        At least 2.
    signed
        Whether OFF events count negatively in one grid, or for themselves in a second.
    start, stop
        ms; events outside do not count, one at `stop` does.

    References
    ----------
    A. Z. Zhu et al. (2019). Unsupervised event-based learning of optical flow, depth, and
    egomotion. Proc. CVPR, 989-997.
    """

    bins: int = 5
    signed: bool = True
    start: Any = None
    stop: Any = None

    def __post_init__(self) -> None:
        check_whole(self, ["bins"], 2)

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.float32]:
        """float32[bins, height, width]; [2, bins, height, width] unless signed, OFF first."""
        events = self._checked(events)
        first, end, inside = span(self, events, self.start, self.stop)
        last = end - 1 if self.stop is None else end
        if self.stop is not None:
            inside = slice(inside.start, int(np.searchsorted(events.t, last, side="right")))
        grids = 1 if self.signed else 2
        out = space(self, (grids, self.bins, events.height, events.width), np.float32)
        parts = (events.t[inside], events.x[inside], events.y[inside], events.p[inside])
        scale = (self.bins - 1) / max(last - first, 1)
        _spread(*parts, first, scale, 1.0 if not self.signed else -1.0, out)
        return out[0] if self.signed else out


@njit(cache=True, error_model="numpy")
def _spread(t: Any, x: Any, y: Any, p: Any, first: int, scale: float, off: float, out: Any) -> None:
    grids, bins = out.shape[0], out.shape[1]
    for i in range(len(t)):
        s = (t[i] - first) * scale
        b = min(np.int64(s), bins - 2)
        later, sign = s - b, off + p[i] * (1.0 - off)
        g, r, c = np.int64(p[i]) * (grids - 1), np.int64(y[i]), np.int64(x[i])
        out[g, b, r, c] += np.float32(sign * (1.0 - later))
        out[g, b + 1, r, c] += np.float32(sign * later)
