"""Time surface: how long ago each pixel fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ...numerics.compiling import njit
from ...numerics.functions_compiled import exp64
from ..events import CameraEvents
from .base import Representation, check_time, instants, space

__all__ = ["TimeSurface"]

_NEVER = -(2**62)


@dataclass(frozen=True)
class TimeSurface(Representation):
    """``exp(-(t - t_last)/tau)`` of each pixel and polarity; 0 where there was no event.

    Parameters
    ----------
    tau
        ms; 5 to 50 are usual.
    at
        ms: one moment or several, ascending. An event at a moment counts. The last event by
        default.

    References
    ----------
    X. Lagorce et al. (2017). HOTS: a hierarchy of event-based time-surfaces for pattern
    recognition. IEEE Trans. Pattern Anal. Mach. Intell. 39, 1346-1359.
    """

    tau: Any = 20.0
    at: Any = None

    def __post_init__(self) -> None:
        check_time(self, "tau")

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.float32]:
        """float32[2, height, width] for one moment, [moments, 2, height, width] for several."""
        events = self._checked(events)
        moments = last_moment(events) if self.at is None else instants(self.at, "TimeSurface.at")
        if (np.diff(moments) < 0).any():
            raise ValidationError("TimeSurface.at", "goes back", "ascending times")
        out = space(self, (len(moments), 2, events.height, events.width), np.float32)
        last = np.full((2, events.height, events.width), _NEVER, np.int64)
        ends = np.searchsorted(events.t, moments, side="right").tolist()
        begin = 0
        for k, end in enumerate(ends):
            part = slice(begin, end)
            _remember(events.t[part], events.x[part], events.y[part], events.p[part], last)
            _surface(last, moments[k], 1e-3 / self.tau, out[k])
            begin = end
        return out[0] if self.at is None or np.ndim(self.at) == 0 else out


def last_moment(events: CameraEvents) -> npt.NDArray[np.int64]:
    """The time of the last event, us, as an array."""
    return np.array([events.t[-1] if len(events) else 0], np.int64)


@njit(cache=True, error_model="numpy")
def _remember(t: Any, x: Any, y: Any, p: Any, last: Any) -> None:
    for i in range(len(t)):
        last[np.int64(p[i]), np.int64(y[i]), np.int64(x[i])] = t[i]


@njit(cache=True, error_model="numpy")
def _surface(last: Any, now: int, rate: float, out: Any) -> None:
    for w in range(last.shape[0]):
        for r in range(last.shape[1]):
            for c in range(last.shape[2]):
                value = exp64(-(np.float64(now) - np.float64(last[w, r, c])) * rate)
                out[w, r, c] = np.float32(value)
