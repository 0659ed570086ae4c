"""What a filter is: a declared object that decides on events one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ...units import magnitude, parse_unit
from ..events import CameraEvents, Events, UnitEvents

__all__ = ["LONG_AGO", "EventFilter", "FilterState", "columns", "kept", "time_of", "whole_number"]

#: More units than this have no state.
_MOST_UNITS = 1 << 28
#: The time of what has not happened; far enough from both ends of int64 to be subtracted from.
LONG_AGO = -(2**62)


@dataclass
class FilterState:
    """What a filter remembers between pieces of a stream: plain arrays, to be kept or copied.

    Attributes
    ----------
    width, height
        Of the sensor in pixels.
    arrays
        The filter's own memory, by name.
    last
        Time of the last event so far, us.
    seen
        Events so far.
    parts
        States of the filters that a `Chain` consists of.
    """

    width: int
    height: int
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    last: int = LONG_AGO
    seen: int = 0
    parts: tuple[FilterState, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(a.nbytes for a in self.arrays.values()) + sum(p.nbytes for p in self.parts)


class EventFilter(ABC):
    """Keeps some events of a camera, or of numbered units.

    Every decision rests on what came before, never after.

    ``filter(events)`` gives the events that pass. A stream is filtered piece by piece with a state
    that goes along, and gives what the whole would::

        state = filter.start(events.width, events.height)
        for piece in pieces:
            passed = filter(piece, state)

    A subclass is a frozen dataclass of parameters; it declares its memory and decides. One that
    `takes` UnitEvents sees them as a sensor of one row: `x` is the unit, `y` and `p` are 0.
    """

    #: Kinds of events that can be filtered.
    takes: ClassVar[tuple[type[Events], ...]] = (CameraEvents,)

    @abstractmethod
    def memory(self, width: int, height: int) -> dict[str, npt.NDArray[Any]]:
        """Arrays as they are before the first event."""

    @abstractmethod
    def decide(self, state: FilterState, events: Any, out: npt.NDArray[np.bool_]) -> None:
        """Fill `out`, and bring the arrays of `state` up to date.

        Parameters
        ----------
        state
            As the events before left it.
        events
            At least one; columns in one piece of memory each.
        out : bool
            For each event, whether it passes.
        """

    def start(self, width: int, height: int) -> FilterState:
        """The state before the first event of a sensor of this size; of units, (units, 1)."""
        most = _MOST_UNITS if UnitEvents in self.takes else 65536
        width, height = (
            whole_number(self, "width", width, 1, most),
            whole_number(self, "height", height),
        )
        return FilterState(width, height, self.memory(width, height))

    def mask(self, events: Events, state: FilterState | None = None) -> npt.NDArray[np.bool_]:
        """Which events pass: bool, one for each.

        Parameters
        ----------
        events
            Of one sensor.
        state
            Of the events before; brought up to date. A fresh one by default.

        Raises
        ------
        ValidationError
            If the state is of a sensor of another size, or time goes back.
        """
        state = self._ready(events, state)
        out = np.zeros(len(events), np.bool_)
        if len(events):
            self.decide(state, self._seen(events), out)
            state.last, state.seen = int(events.t[-1]), state.seen + len(events)
        return out

    def __call__(self, events: Any, state: FilterState | None = None) -> Any:
        """The events that pass; see `mask`."""
        return self.moved(kept(events, self.mask(events, state)))

    def moved(self, events: Any) -> Any:
        """Events that passed, where the filter puts them: their own places, mostly."""
        return events

    def _seen(self, events: Events) -> Any:
        """Events as `decide` reads them."""
        return columns(events) if isinstance(events, CameraEvents) else _row(events)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the sensor as it is after the filter."""
        return width, height

    def _ready(self, events: Events, state: FilterState | None) -> FilterState:
        name = type(self).__name__
        if not isinstance(events, self.takes):
            kinds = " or ".join(kind.__name__ for kind in self.takes)
            raise ValidationError(name, f"got {type(events).__name__}", kinds)
        camera = isinstance(events, CameraEvents)
        width, height = (events.width, events.height) if camera else (events.size, 1)  # type: ignore[attr-defined]
        if state is None:
            return self.start(max(width, 1), max(height, 1))
        if len(events) and (state.width, state.height) != (width, height):
            raise ValidationError(
                f"{name}, state",
                f"is of {state.width} x {state.height} pixels, events of {width} x {height}",
                "one sensor",
            )
        if len(events) and events.t[0] < state.last:
            raise ValidationError(
                f"{name}, state", f"time goes back from {state.last} to {events.t[0]} us"
            )
        return state


def _row(events: Events) -> Any:
    """Events of units as those of a sensor of one row."""
    nothing = np.zeros(len(events), np.uint8)
    t, unit = np.ascontiguousarray(events.t), np.ascontiguousarray(events.unit)
    return SimpleNamespace(t=t, x=unit, y=nothing, p=nothing)


def columns(events: CameraEvents) -> CameraEvents:
    """The same events, each column in one piece of memory: compiled code has one form then."""
    if all(getattr(events, name).flags.c_contiguous for name in events.columns):
        return events
    arrays = {name: np.ascontiguousarray(getattr(events, name)) for name in events.columns}
    return CameraEvents(**arrays, width=events.width, height=events.height)


def kept(events: Any, mask: npt.NDArray[np.bool_]) -> Any:
    """The events that a mask names: ``events[mask]``, for cameras several times faster."""
    if not isinstance(events, CameraEvents):
        return events[mask]
    whole, n = columns(events), int(np.count_nonzero(mask))
    # One more than there are: what does not pass is written behind the last that does.
    arrays = [np.empty(n + 1, kind) for kind in events.columns.values()]
    _gather(whole.t, whole.x, whole.y, whole.p, mask, *arrays)
    t, x, y, p = (a[:n] for a in arrays)
    return CameraEvents(t, x, y, p, events.width, events.height)


@njit(cache=True, error_model="numpy")
def _gather(t: Any, x: Any, y: Any, p: Any, mask: Any, to: Any, xo: Any, yo: Any, po: Any) -> None:
    k = 0
    for i in range(len(t)):
        to[k], xo[k], yo[k], po[k] = t[i], x[i], y[i], p[i]
        k += mask[i]


def time_of(owner: Any, name: str, least: float = 1e-3) -> int:
    """Check a time among the parameters of `owner`; hold it in ms, return it in us.

    Raises
    ------
    ValidationError
        Unless it is a finite time of at least `least` ms.
    """
    where = f"{type(owner).__name__}.{name}"
    value = magnitude(getattr(owner, name), parse_unit("ms"), where)
    if not isinstance(value, float) or not least <= value <= 1e12:
        raise ValidationError(where, f"got {shorten(value)}", f"a time of at least {least:g} ms")
    object.__setattr__(owner, name, value)
    return round(value * 1000)


def whole_number(owner: Any, name: str, value: Any, least: int = 1, most: int = 65536) -> int:
    """Check that a parameter of `owner` is a whole number within bounds."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValidationError(
            f"{type(owner).__name__}.{name}", f"got {shorten(value)}", "a whole number"
        )
    if not least <= value <= most:
        raise ValidationError(
            f"{type(owner).__name__}.{name}", f"got {value}", f"from {least} to {most}"
        )
    return int(value)
