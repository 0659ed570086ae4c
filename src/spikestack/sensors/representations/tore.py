"""Time-ordered recent events (TORE): the last few of each pixel, by the logarithm of their age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ...numerics.compiling import njit
from ...numerics.functions import log
from ..events import CameraEvents
from .base import Representation, check_time, check_whole, instants, space
from .time_surface import last_moment

__all__ = ["TimeOrderedRecentEvents"]

_NEVER = -(2**62)


@dataclass(frozen=True)
class TimeOrderedRecentEvents(Representation):
    """``max(0, log(1 + min(age, longest)) - log(1 + shortest))`` of the last `k` events, in us.

    An event younger than `shortest` gives 0, one older than `longest`, or none, the greatest value.

    Parameters
    ----------
    k
        Events of each pixel and polarity.
    shortest, longest
        ms.
    at
        ms; an event at this moment counts. The last event by default.

    References
    ----------
    R. W. Baldwin et al. (2022). Time-ordered recent event (TORE) volumes for event cameras. IEEE
    Trans. Pattern Anal. Mach. Intell. 45, 2519-2532.
    """

    k: int = 3
    shortest: Any = 0.15
    longest: Any = 5000.0
    at: Any = None

    def __post_init__(self) -> None:
        check_whole(self, ["k"], 1, 1024)
        if check_time(self, "shortest") >= check_time(self, "longest"):
            raise ValidationError(
                "TimeOrderedRecentEvents.shortest", f"is {self.shortest}", f"below {self.longest}"
            )

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.float32]:
        """float32[2, k, height, width], the youngest first."""
        events = self._checked(events)
        now = int((last_moment(events) if self.at is None else instants(self.at, "TORE.at"))[0])
        seen = slice(int(np.searchsorted(events.t, now, side="right")))
        last = space(self, (2, events.height, events.width, self.k), np.int64, fill=_NEVER)
        _remember(events.t[seen], events.x[seen], events.y[seen], events.p[seen], last)
        age = np.minimum(now - last, round(self.longest * 1000)).astype(np.float64)
        value = log(1.0 + age) - float(log(1.0 + round(self.shortest * 1000)))
        rows = np.moveaxis(np.maximum(value, 0.0).astype(np.float32), -1, 1)
        return np.ascontiguousarray(rows)


@njit(cache=True, error_model="numpy")
def _remember(t: Any, x: Any, y: Any, p: Any, last: Any) -> None:
    for i in range(len(t)):
        line = last[np.int64(p[i]), np.int64(y[i]), np.int64(x[i])]
        for k in range(len(line) - 1, 0, -1):
            line[k] = line[k - 1]
        line[0] = t[i]
