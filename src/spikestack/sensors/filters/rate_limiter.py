"""A limit of the rate of events, by dropping at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ...numerics.random import stream_key
from ...numerics.random_compiled import uniform
from ...units import magnitude, parse_unit
from ..events import CameraEvents, UnitEvents
from .base import LONG_AGO, EventFilter, FilterState, time_of

__all__ = ["RateLimiter"]


@dataclass(frozen=True)
class RateLimiter(EventFilter):
    """Pass at most `limit` events per second, chosen at random.

    Time is cut into windows, from 0 us on. In each, an event passes with the probability that would
    have kept the window before within the limit, and once a window is full, none does: so a window
    never has more than ``limit*window`` events, rounded down, but at least one. Whether an event
    passes depends on the seed, its number in the stream, and the counts; pieces do not matter.

    Parameters
    ----------
    limit
        Hz, of all pixels or units together.
    window
        ms.
    seed
        Any whole number.
    name
        Of this filter, where several share a seed.
    """

    limit: Any = 1e6
    window: Any = 10.0
    seed: int = 1
    name: str = "RateLimiter"

    takes = (CameraEvents, UnitEvents)

    def __post_init__(self) -> None:
        time_of(self, "window")
        value = magnitude(self.limit, parse_unit("Hz"), "RateLimiter.limit")
        if not isinstance(value, float) or not 0 < value <= 1e12:
            raise ValidationError("RateLimiter.limit", f"got {shorten(value)}", "above 0, <= 1e12")
        object.__setattr__(self, "limit", value)

    @property
    def most(self) -> int:
        """Events that may pass in one window."""
        return max(int(self.limit * self.window * 1e-3), 1)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """Number of the window, events that came in it and that passed, and that came before."""
        return {"window": np.array([LONG_AGO, 0, 0, 0])}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Draw one number for each event."""
        key = stream_key(self.seed, self.name, "keep")
        window = round(self.window * 1000)
        _decide(events.t, state.arrays["window"], window, self.most, key, state.seen, out)


@njit(cache=True, error_model="numpy")
def _decide(t: Any, memory: Any, window: int, most: int, key: Any, seen: int, out: Any) -> None:
    number, came, passed, before = memory[0], memory[1], memory[2], memory[3]
    end = (number + 1) * window if came else np.int64(LONG_AGO)
    share = most / before if before > most else 1.0
    for i in range(len(t)):
        if t[i] >= end:
            this = t[i] // window
            before = came if this == number + 1 else 0
            number, came, passed, end = this, 0, 0, (this + 1) * window
            share = most / before if before > most else 1.0
        came += 1
        out[i] = passed < most and uniform(key, np.uint64(seen + i)) < share
        passed += out[i]
    memory[0], memory[1], memory[2], memory[3] = number, came, passed, before
