"""Filters of sensors with numbered units: some of them, and those with company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..events import Events, UnitEvents
from .base import LONG_AGO, EventFilter, FilterState, time_of, whole_number

__all__ = ["NeighbouringUnits", "SelectUnits"]


@dataclass(frozen=True)
class NeighbouringUnits(EventFilter):
    """Pass an event if at least `k` other units nearby fired at most `dt` before.

    For sensors whose neighbours have neighbouring numbers, as the channels of a cochlea. Events
    that do not pass count as neighbours all the same.

    Parameters
    ----------
    dt
        ms.
    reach
        Units at most so far away in number, up to 1000.
    k
        How many of them, up to ``2*reach``.
    """

    dt: Any = 5.0
    reach: int = 1
    k: int = 1

    takes = (UnitEvents,)

    def __post_init__(self) -> None:
        time_of(self, "dt")
        whole_number(self, "reach", self.reach, most=1000)
        whole_number(self, "k", self.k, most=2 * self.reach)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """When each unit last fired."""
        return {"last": np.full(width + 2 * self.reach, LONG_AGO, np.int64)}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """Count the others."""
        dt = round(self.dt * 1000)
        _decide(events.t, events.x, state.arrays["last"], dt, self.reach, self.k, out)


@dataclass(frozen=True, eq=False)
class SelectUnits(EventFilter):
    """Keep some units, which are numbered anew in the order given.

    Parameters
    ----------
    units
        Their numbers, each once: ``range(100, 200)``, ``[7, 3]``; or bool[units], which to keep:
        ``SelectUnits(~hot_units(events))``.
    """

    units: Any

    takes = (UnitEvents,)

    def __post_init__(self) -> None:
        units = np.array(self.units)
        if units.dtype != np.bool_ or units.ndim != 1:
            whole = units.ndim == 1 and units.dtype.kind in "iu" and len(units)
            if not whole or units.min() < 0 or len(np.unique(units)) < len(units):
                raise ValidationError(
                    "SelectUnits.units",
                    f"got {shorten(self.units)}",
                    "numbers from 0 on, each once",
                )
        units.flags.writeable = False
        object.__setattr__(self, "units", units)

    def _numbers(self, width: int) -> npt.NDArray[np.int64]:
        """Old numbers, in their new order."""
        if self.units.dtype == np.bool_:
            if len(self.units) != width:
                raise ValidationError("SelectUnits.units", f"{len(self.units)}, of {width} units")
            return np.flatnonzero(self.units)
        if self.units.max() >= width:
            raise ValidationError(
                "SelectUnits.units", f"unit {self.units.max()}", f"0 to {width - 1}"
            )
        return self.units.astype(np.int64)

    def memory(self, width: int, height: int) -> dict[str, Any]:
        """Which units are kept."""
        keep = np.zeros(width, np.bool_)
        keep[self._numbers(width)] = True
        return {"keep": keep}

    def decide(self, state: FilterState, events: Any, out: Any) -> None:
        """By the list."""
        out[:] = state.arrays["keep"][events.x]

    def moved(self, events: Events) -> Events:
        """By their new numbers."""
        numbers = self._numbers(events.size)
        new = np.zeros(events.size, np.uint32)
        new[numbers] = np.arange(len(numbers))
        return UnitEvents(events.t, new[events.unit], max(len(numbers), 1))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """As many as are kept."""
        return max(len(self._numbers(width)), 1), height


@njit(cache=True, error_model="numpy")
def _decide(t: Any, unit: Any, last: Any, dt: int, reach: int, k: int, out: Any) -> None:
    for i in range(len(t)):
        since, own, n = t[i] - dt, np.int64(unit[i]) + reach, np.int64(0)
        for other in range(own - reach, own + reach + 1):
            n += np.int64(last[other] >= since)
        n -= np.int64(last[own] >= since)
        out[i] = n >= k
        last[own] = t[i]
