"""Averaged time surfaces (HATS): what is around an event, on the average of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64
from ..events import CameraEvents
from .base import Representation, check_time, check_whole, space

__all__ = ["AveragedTimeSurfaces"]


@dataclass(frozen=True)
class AveragedTimeSurfaces(Representation):
    """The mean, over the events of a cell, of the exponentially weighted events around each.

    The surface of event i at displacement (dx, dy) is the sum of ``exp(-(t_i - t_j)/tau)`` over
    all earlier events j at that displacement, of the same polarity and cell. The cell's histogram
    is the mean over its events of this polarity, 0 where there are none. Earlier means before it
    in the stream: events of the same time count with 1.

    Parameters
    ----------
    cell
        Pixels; cells of `cell` x `cell` cover the sensor, those at the lower or right border may
        be smaller.
    radius
        Displacements go from -radius to radius.
    tau
        ms.

    References
    ----------
    A. Sironi et al. (2018). HATS: histograms of averaged time surfaces for robust event-based
    object classification. Proc. CVPR, 1731-1740. There events are forgotten after a fixed time;
    here they only fade, so that the cost of an event does not depend on the rate.
    """

    cell: int = 10
    radius: int = 3
    tau: Any = 20.0

    def __post_init__(self) -> None:
        check_whole(self, ["cell"])
        check_whole(self, ["radius"], 0, 255)
        check_time(self, "tau")

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.float32]:
        """float32[rows, columns, 2, 2*radius + 1, 2*radius + 1]: cells, polarity, dy, dx."""
        events, side = self._checked(events), 2 * self.radius + 1
        cells = (-(-events.height // self.cell), -(-events.width // self.cell))
        total = space(self, (*cells, 2, side, side), np.float64)
        count = np.zeros((*cells, 2), np.int64)
        faded = np.zeros((2, events.height, events.width))
        when = np.zeros((2, events.height, events.width), np.int64)
        memory, columns = (total, count, faded, when), (events.t, events.x, events.y, events.p)
        _gather(*columns, memory, self.cell, self.radius, 1e-3 / self.tau)
        mean = total / np.maximum(count, 1)[..., None, None]
        return mean.astype(np.float32)


@njit(cache=True, error_model="numpy")
def _gather(
    t: Any, x: Any, y: Any, p: Any, memory: Any, cell: int, radius: int, rate: float
) -> None:
    total, count, faded, when = memory
    for i in range(len(t)):
        w, r, c = np.int64(p[i]), np.int64(y[i]), np.int64(x[i])
        v, u = r // cell, c // cell
        top, bottom = max(r - radius, v * cell), min(r + radius + 1, (v + 1) * cell, faded.shape[1])
        left, right = max(c - radius, u * cell), min(c + radius + 1, (u + 1) * cell, faded.shape[2])
        for a in range(top, bottom):
            for b in range(left, right):
                if faded[w, a, b] > 0.0:
                    weight = faded[w, a, b] * exp64(-np.float64(t[i] - when[w, a, b]) * rate)
                    total[v, u, w, a - r + radius, b - c + radius] += weight
        count[v, u, w] += 1
        passed = np.float64(t[i] - when[w, r, c]) * rate
        faded[w, r, c] = faded[w, r, c] * exp64(-passed) + 1.0
        when[w, r, c] = t[i]
