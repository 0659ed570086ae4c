"""Hot pixels: those that fire far more than the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..events import CameraEvents, Events, UnitEvents
from .base import LONG_AGO, EventFilter, FilterState, columns, time_of

__all__ = ["HotPixel", "hot_pixels", "hot_units"]


@dataclass(frozen=True)
class HotPixel(EventFilter):
    """Drop events of pixels, or units, that fired too often in the window of time before.

    Time is cut into windows, from 0 us on. A pixel is hot in a window if it had more events in the
    one before than the mean over all pixels plus `sigmas` standard deviations, and more than one.
    In the first window nothing is dropped. To find hot pixels in a whole recording, and take them
    out from its beginning, see `hot_pixels`.

    Parameters
    ----------
    window
        ms.
    sigmas
        Standard deviations above the mean, 0 or more.
    """

    window: Any = 1000.0
    sigmas: float = 5.0

    takes = (CameraEvents, UnitEvents)

    def __post_init__(self) -> None:
        time_of(self, "window")
        _check_sigmas(f"{type(self).__name__}.sigmas", self.sigmas)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """Events of each pixel in this window, which pixels are hot, and the window's number."""
        return {
            "count": np.zeros((height, width), np.int64),
            "hot": np.zeros((height, width), np.bool_),
            "number": np.array([LONG_AGO]),
        }

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Window by window."""
        a, window = state.arrays, round(self.window * 1000)
        begin = 0
        while begin < len(out):
            number = int(events.t[begin]) // window
            if number != a["number"][0]:
                # After a window without events, nothing is hot.
                next_one = number == a["number"][0] + 1
                a["hot"][:] = _above(a["count"], self.sigmas) if next_one else False
                a["count"][:], a["number"][0] = 0, number
            end = int(np.searchsorted(events.t, (number + 1) * window))
            part = slice(begin, end)
            _decide(events.x[part], events.y[part], a["count"], a["hot"], out[part])
            begin = end


@njit(cache=True, error_model="numpy")
def _decide(x: Any, y: Any, count: Any, hot: Any, out: Any) -> None:
    for i in range(len(x)):
        r, c = np.int64(y[i]), np.int64(x[i])
        count[r, c] += 1
        out[i] = not hot[r, c]


def hot_pixels(
    events: CameraEvents, sigmas: float | None = 5.0, top: int | None = None
) -> npt.NDArray[np.bool_]:
    """Which pixels of a recording are hot: bool[height, width].

    Parameters
    ----------
    events
        The recording.
    sigmas
        More events than the mean over all pixels plus so many standard deviations, and more than
        one; None leaves this out.
    top
        So many pixels with the most events; of equal ones the first in reading order.

    Examples
    --------
    ``PixelMask(~hot_pixels(events))(events)`` takes them out.
    """
    whole = columns(events)
    count = np.zeros((max(events.height, 1), max(events.width, 1)), np.int64)
    _decide(whole.x, whole.y, count, np.zeros(count.shape, np.bool_), np.empty(len(whole), bool))
    return _hottest("hot_pixels", count, sigmas, top)


def hot_units(
    events: Events, sigmas: float | None = 5.0, top: int | None = None
) -> npt.NDArray[np.bool_]:
    """Which units of a recording are hot: bool[units]; see `hot_pixels`.

    Examples
    --------
    ``SelectUnits(~hot_units(events))(events)`` takes them out.
    """
    return _hottest("hot_units", events.counts(), sigmas, top)


def _hottest(
    where: str, count: npt.NDArray[np.int64], sigmas: float | None, top: int | None
) -> npt.NDArray[np.bool_]:
    hot = np.zeros(count.shape, np.bool_)
    if sigmas is not None:
        _check_sigmas(f"{where}, sigmas", sigmas)
        hot |= _above(count, sigmas)
    if top is not None:
        if not isinstance(top, int | np.integer) or not 0 <= top <= count.size:
            raise ValidationError(f"{where}, top", f"got {top!r}", f"from 0 to {count.size}")
        most = np.argsort(-count, axis=None, kind="stable")[:top]
        hot.flat[most[count.flat[most] > 0]] = True
    return hot


def _above(count: npt.NDArray[np.int64], sigmas: float) -> npt.NDArray[np.bool_]:
    return (count > count.mean() + sigmas * count.std()) & (count > 1)


def _check_sigmas(where: str, sigmas: Any) -> None:
    if not isinstance(sigmas, int | float) or not 0 <= sigmas < np.inf:
        raise ValidationError(where, f"got {shorten(sigmas)}", "a number of 0 or more")
