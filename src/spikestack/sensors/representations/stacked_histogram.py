"""Stacked histogram: counts in bytes, as detectors read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import Representation, check_whole, space, span

__all__ = ["StackedHistogram"]


@dataclass(frozen=True)
class StackedHistogram(Representation):
    """Counts of events by bin of time and polarity; 255 stands for that many or more.

    The event at t counts in bin ``floor(bins*(t - start)/(stop - start))``, computed in whole
    numbers.

    Parameters
    ----------
    bins
        Of equal time.
    start, stop
        ms; events before `start` or at or after `stop` do not count. By default from the first
        event to 1 us after the last.

    References
    ----------
    M. Gehrig, D. Scaramuzza (2023). Recurrent vision transformers for object detection with event
    cameras. Proc. CVPR, 13884-13893.
    """

    bins: int = 10
    start: Any = None
    stop: Any = None

    def __post_init__(self) -> None:
        check_whole(self, ["bins"])

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.uint8]:
        """uint8[bins, 2, height, width]."""
        events = self._checked(events)
        first, end, inside = span(self, events, self.start, self.stop)
        out = space(self, (self.bins, 2, events.height, events.width), np.uint8)
        edges = bin_edges(first, end, self.bins)
        ends = np.searchsorted(events.t[inside], edges[1:]).tolist()
        x, y, p, begin = events.x[inside], events.y[inside], events.p[inside], 0
        for k, until in enumerate(ends):
            part = slice(begin, until)
            _count(x[part], y[part], p[part], out[k])
            begin = until
        return out


def bin_edges(first: int, end: int, bins: int) -> npt.NDArray[np.int64]:
    """The first us of each bin: the least t with bins*(t - first) >= k*(end - first); `end`."""
    # Python's whole numbers have no end, and bins are few.
    edges = [first - (-k * (end - first) // bins) for k in range(bins + 1)]
    return np.array(edges, np.int64)


@njit(cache=True, error_model="numpy")
def _count(x: Any, y: Any, p: Any, out: Any) -> None:
    for i in range(len(x)):
        w, r, c = np.int64(p[i]), np.int64(y[i]), np.int64(x[i])
        out[w, r, c] += out[w, r, c] < 255
