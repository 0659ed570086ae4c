"""What a representation is: a declared object that turns events into an array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MemoryLimitError, ValidationError, shorten
from ...machine import available_memory
from ...numerics.compiling import njit
from ...units import magnitude, parse_unit
from ..events import CameraEvents

__all__ = ["Representation", "add_counts", "check_time", "check_whole", "instants", "space", "span"]

_LARGEST = 2**62


class Representation(ABC):
    """Turns events of a camera into an array. A subclass is a frozen dataclass of parameters."""

    @abstractmethod
    def __call__(self, events: CameraEvents) -> Any:
        """The array."""

    def _checked(self, events: CameraEvents) -> CameraEvents:
        """The events, each column in one piece of memory."""
        if not isinstance(events, CameraEvents):
            raise ValidationError(
                type(self).__name__, f"got {type(events).__name__}", "CameraEvents"
            )
        if all(getattr(events, name).flags.c_contiguous for name in events.columns):
            return events
        arrays = {name: np.ascontiguousarray(getattr(events, name)) for name in events.columns}
        return CameraEvents(**arrays, width=events.width, height=events.height)


def space(owner: Any, shape: tuple[int, ...], dtype: Any, fill: Any = 0) -> npt.NDArray[Any]:
    """An array for a result.

    Raises
    ------
    MemoryLimitError
        If it would not fit into memory.
    """
    need = int(np.dtype(dtype).itemsize)
    for n in shape:
        need *= int(n)
    if need > available_memory():
        raise MemoryLimitError(
            f"{type(owner).__name__}: an array of shape {shape} takes {need / 1e9:.3g} GB, and "
            f"{available_memory() / 1e9:.3g} GB are free; cut the events with between(), or take "
            "longer windows"
        )
    return np.zeros(shape, dtype) if not fill else np.full(shape, fill, dtype)


def instants(value: Any, where: str) -> npt.NDArray[np.int64]:
    """Times given in ms as whole us."""
    ms = np.atleast_1d(np.asarray(magnitude(value, parse_unit("ms"), where), np.float64))
    if ms.ndim != 1 or not (np.abs(ms) < 1e15).all():
        raise ValidationError(where, f"got {shorten(value)}", "finite times in ms")
    return np.rint(ms * 1000).astype(np.int64)


def span(owner: Any, events: CameraEvents, start: Any, stop: Any) -> tuple[int, int, slice]:
    """First us of a span, first us after it, and which events are within.

    By default from the first event to just after the last.

    Raises
    ------
    ValidationError
        If it ends before it begins.
    """
    name = type(owner).__name__
    first, last = (int(events.t[0]), int(events.t[-1])) if len(events) else (0, 0)
    begin = first if start is None else int(instants(start, f"{name}.start")[0])
    end = last + 1 if stop is None else int(instants(stop, f"{name}.stop")[0])
    if end <= begin:
        if start is not None and stop is not None:
            raise ValidationError(name, f"from {begin} to {end} us", "start before stop")
        # The recording lies outside: a span without events.
        begin, end = (begin, begin + 1) if stop is None else (end - 1, end)
    low, high = np.searchsorted(events.t, (begin, end))
    return begin, end, slice(int(low), int(high))


def check_whole(owner: Any, names: Sequence[str], least: int = 1, most: int = 65536) -> None:
    """Check parameters that are whole numbers."""
    for name in names:
        value = getattr(owner, name)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise ValidationError(
                f"{type(owner).__name__}.{name}",
                f"got {shorten(value)}",
                f"a whole number from {least} to {most}",
            )


def check_time(owner: Any, name: str) -> int:
    """Check a time among the parameters; hold it in ms, return it in us."""
    where = f"{type(owner).__name__}.{name}"
    value = magnitude(getattr(owner, name), parse_unit("ms"), where)
    if not isinstance(value, float) or not 1e-3 <= value <= 1e12:
        raise ValidationError(where, f"got {shorten(value)}", "a time of at least 0.001 ms")
    object.__setattr__(owner, name, value)
    return round(value * 1000)


@njit(cache=True, error_model="numpy")
def add_counts(x: Any, y: Any, p: Any, out: Any) -> None:
    """Count events into out[polarity, y, x]."""
    for i in range(len(x)):
        out[np.int64(p[i]), np.int64(y[i]), np.int64(x[i])] += 1
