"""Speed-invariant time surface (SITS): the order of events, not their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import Representation, check_whole, space

__all__ = ["SpeedInvariantSurface"]


@dataclass(frozen=True)
class SpeedInvariantSurface(Representation):
    """A surface that an edge leaves alike at any speed.

    All values begin at 0. At an event of value v, every other pixel within `radius` (a square) of
    the same polarity whose value is at least v, and above 0, is lowered by one; the pixel of the
    event is then set to ``(2*radius + 1)**2``.

    Parameters
    ----------
    radius
        Pixels, from 1 to 90.

    References
    ----------
    J. Manderscheid et al. (2019). Speed invariant time surface for learning to detect corner points
    with event-based cameras. Proc. CVPR, 10245-10254.
    """

    radius: int = 3

    def __post_init__(self) -> None:
        check_whole(self, ["radius"], 1, 90)

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.int16]:
        """int16[2, height, width], after the last event."""
        events = self._checked(events)
        out = space(self, (2, events.height, events.width), np.int16)
        _order(events.x, events.y, events.p, self.radius, out)
        return out


@njit(cache=True, error_model="numpy")
def _order(x: Any, y: Any, p: Any, radius: int, out: Any) -> None:
    height, width = np.int64(out.shape[1]), np.int64(out.shape[2])
    top = np.int16((2 * radius + 1) ** 2)
    for i in range(len(x)):
        w, r, c = np.int64(p[i]), np.int64(y[i]), np.int64(x[i])
        least = max(out[w, r, c], np.int16(1))
        left: Any = max(c - radius, 0)
        right: Any = min(c + radius + 1, width)
        first: Any = max(r - radius, 0)
        after: Any = min(r + radius + 1, height)
        for a in range(first, after):
            for b in range(left, right):
                out[w, a, b] -= np.int16(out[w, a, b] >= least)
        out[w, r, c] = top
