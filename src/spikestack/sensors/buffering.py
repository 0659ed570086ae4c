"""Streams of several sensors as one, waiting for the slowest, but not for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnknownNameError, ValidationError, shorten
from ..units import magnitude, parse_unit
from .events import Events
from .fusion import JoinedEvents, Lane, lane_units

__all__ = ["AlignmentBuffer"]

_NEVER = -(2**62)


class AlignmentBuffer:
    """Joins pieces of several sensors in order of time, with a bounded delay.

    An event comes out as soon as every sensor has been heard of later, or some sensor has been
    heard of more than `delay` later. As long as no sensor lags by more than that, all that comes
    out together is what `join` makes of the whole.

    Parameters
    ----------
    lanes
        Of the shared queue: `lanes_of` of the sensors.
    delay
        ms.
    clocks
        By name, what brings a sensor's events to the common clock, such as a `Clock`.
    late
        What becomes of events that come after later ones went out: ``"drop"``, or ``"clamp"`` to
        the time that is reached.

    Attributes
    ----------
    late_events
        How many were late, by name.
    reached
        us: events before this have come out or can.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        delay: Any = 10.0,
        clocks: Mapping[str, Callable[[Events], Events]] | None = None,
        late: str = "drop",
    ) -> None:
        wait = magnitude(delay, parse_unit("ms"), "AlignmentBuffer, delay")
        if not isinstance(wait, float) or not 0 <= wait <= 1e12:
            raise ValidationError("AlignmentBuffer, delay", f"got {shorten(delay)}", "0 ms or more")
        if late not in ("drop", "clamp"):
            raise ValidationError("AlignmentBuffer, late", f"got {late!r}", "'drop' or 'clamp'")
        self.lanes, self.late = tuple(lanes), late
        self._delay, self._clocks = round(wait * 1000), dict(clocks or {})
        self._by_name = {lane.name: lane for lane in self.lanes}
        for name in self._clocks:
            self._check(name)
        self._heard = dict.fromkeys(self._by_name, _NEVER)
        self._waiting: dict[str, list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]] = {
            name: [] for name in self._by_name
        }
        self.late_events = dict.fromkeys(self._by_name, 0)
        self.reached = _NEVER

    def push(self, name: str, events: Events) -> None:
        """Take the next piece of a sensor.

        Raises
        ------
        UnknownNameError
            If there is no such sensor.
        ValidationError
            If events are of another size than the lane, or go back behind the piece before.
        """
        self._check(name)
        moved = self._clocks[name](events) if name in self._clocks else events
        unit = lane_units(self._by_name[name], moved)
        if not len(moved):
            return
        if moved.t[0] < self._heard[name]:
            raise ValidationError(
                f"AlignmentBuffer, {name!r}",
                f"time goes back from {self._heard[name]} to {moved.t[0]} us",
            )
        t, behind = np.asarray(moved.t), int(np.searchsorted(moved.t, self.reached))
        self.late_events[name] += behind
        if behind and self.late == "clamp":
            t = np.maximum(t, self.reached)
        elif behind:
            t, unit = t[behind:], unit[behind:]
        self._waiting[name].append((t, unit))
        self._advance(name, int(moved.t[-1]))

    def heard(self, name: str, time: Any) -> None:
        """Note that a sensor is alive, and had no events before `time`, ms of the common clock."""
        self._check(name)
        ms = magnitude(time, parse_unit("ms"), "AlignmentBuffer.heard, time")
        if not isinstance(ms, float) or not abs(ms) < 1e15:
            raise ValidationError("AlignmentBuffer.heard, time", f"got {shorten(time)}", "a time")
        self._advance(name, round(ms * 1000))

    def pop(self) -> JoinedEvents:
        """What can come out by now."""
        return self._release(self.reached)

    def flush(self) -> JoinedEvents:
        """All that is left; the sensors have ended."""
        self.reached = max([self.reached, *(heard + 1 for heard in self._heard.values())])
        return self._release(self.reached)

    def _advance(self, name: str, time: int) -> None:
        self._heard[name] = max(self._heard[name], time)
        times = self._heard.values()
        self.reached = max(self.reached, min(times), max(times) - self._delay)

    def _release(self, until: int) -> JoinedEvents:
        t, unit = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
        for name, pieces in self._waiting.items():
            rest = []
            for times, units in pieces:
                cut = int(np.searchsorted(times, until))
                t.append(times[:cut])
                unit.append(units[:cut])
                if cut < len(times):
                    rest.append((times[cut:], units[cut:]))
            self._waiting[name] = rest
        total = sum(lane.units for lane in self.lanes)
        return JoinedEvents.sorted(
            t=np.concatenate(t), unit=np.concatenate(unit), units=total, lanes=self.lanes
        )

    def _check(self, name: str) -> None:
        if name not in self._by_name:
            raise UnknownNameError("AlignmentBuffer, sensor", name, self._by_name)
