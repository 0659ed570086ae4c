"""Flicker: pixels that follow a lamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ...units import magnitude, parse_unit
from .base import LONG_AGO, EventFilter, FilterState, whole_number

__all__ = ["Flicker"]


@dataclass(frozen=True)
class Flicker(EventFilter):
    """Drop events of pixels that turn bright at regular intervals.

    A pixel turns bright with the first ON event after an OFF event. If the last `periods` intervals
    between such moments are all of a frequency from `lowest` to `highest`, and each differs from
    the one before by at most `tolerance` of it, the pixel flickers: its events are dropped until an
    interval fits no longer, or none has ended for 1 + `tolerance` of the longest. The lamp and its
    harmonics up to `highest` are found alike, as a pixel may see any of them.

    Parameters
    ----------
    lowest, highest
        Hz. Lamps on 50 and 60 Hz mains flicker at 100 and 120 Hz.
    tolerance
        Share of an interval, above 0 and below 1.
    periods
        From 1 to 200.
    """

    lowest: Any = 80.0
    highest: Any = 500.0
    tolerance: float = 0.15
    periods: int = 3

    def __post_init__(self) -> None:
        for name in ("lowest", "highest"):
            where = f"{type(self).__name__}.{name}"
            value = magnitude(getattr(self, name), parse_unit("Hz"), where)
            if not isinstance(value, float) or not 1e-3 <= value <= 1e6:
                raise ValidationError(where, f"got {shorten(value)}", "from 0.001 to 1e6 Hz")
            object.__setattr__(self, name, value)
        if self.lowest >= self.highest:
            raise ValidationError("Flicker.lowest", f"got {self.lowest}", f"below {self.highest}")
        if not 0 < self.tolerance < 1:
            raise ValidationError("Flicker.tolerance", f"got {self.tolerance}", "between 0 and 1")
        whole_number(self, "periods", self.periods, 1, 200)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """Of each pixel: last polarity, when it turned bright, the interval, how many fitted."""
        shape = (height, width)
        return {
            "polarity": np.full(shape, 2, np.uint8),
            "turned": np.full(shape, LONG_AGO, np.int64),
            "interval": np.zeros(shape, np.int64),
            "fitted": np.zeros(shape, np.uint8),
        }

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Follow the intervals of each pixel."""
        a, bounds = state.arrays, (1e6 / self.highest, 1e6 / self.lowest)
        memory = (a["polarity"], a["turned"], a["interval"], a["fitted"])
        settings = (bounds[0], bounds[1], float(self.tolerance), self.periods)
        _decide(events.t, events.x, events.y, events.p, memory, settings, out)


@njit(cache=True, error_model="numpy")
def _decide(t: Any, x: Any, y: Any, p: Any, memory: Any, settings: Any, out: Any) -> None:
    polarity, turned, interval, fitted = memory
    shortest, longest, tolerance, periods = settings
    for i in range(len(t)):
        r, c = np.int64(y[i]), np.int64(x[i])
        since = t[i] - turned[r, c]
        if since > longest * (1.0 + tolerance):
            fitted[r, c] = 0
        if p[i] == 1 and polarity[r, c] == 0:
            before = interval[r, c]
            # The first interval of a row has none before it to be like.
            alike = fitted[r, c] == 0 or abs(since - before) <= tolerance * before
            if not shortest <= since <= longest:
                fitted[r, c] = 0
            elif alike:
                fitted[r, c] = min(fitted[r, c] + 1, periods)
            else:
                fitted[r, c] = 1
            interval[r, c], turned[r, c] = since, t[i]
        polarity[r, c] = p[i]
        out[i] = fitted[r, c] < periods
