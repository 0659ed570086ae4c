"""Checks shared by the records: what their arrays and times may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import MissingExtraError, ValidationError, shorten

if TYPE_CHECKING:
    from .recording import Recording

__all__ = [
    "ascends",
    "checked_bin",
    "checked_dt",
    "checked_ids",
    "checked_span",
    "checked_whole",
    "checked_window",
    "frozen",
    "integers",
    "numbers",
    "pandas",
    "position",
]

BLOCK = 2**20
"""Numbers looked at together, so that a column on disk is never read as a whole."""


def frozen(array: npt.NDArray[Any], order: Literal["C", "K"] = "C") -> npt.NDArray[Any]:
    """A read-only view of `array`, or of a contiguous copy; order ``"K"`` never copies."""
    view = np.asarray(array, order=order).view()
    view.flags.writeable = False
    return view


def ascends(array: npt.NDArray[Any]) -> bool:
    """Whether each number is above the one before it; goes through `array` block by block."""
    return all(
        bool(
            (
                array[first + 1 : first + BLOCK + 1]
                > array[first : first + BLOCK][: len(array) - first - 1]
            ).all()
        )
        for first in range(0, len(array) - 1, BLOCK)
    )


def integers(values: Any, dtype: type[np.integer], where: str) -> npt.NDArray[Any]:
    """One-dimensional `values` as `dtype`; ValidationError if that would change any of them."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValidationError(where, f"has {array.ndim} dimensions", "one is needed")
    if array.size == 0:
        return np.zeros(0, dtype)
    if array.dtype.kind not in "iu":
        raise ValidationError(where, f"has type {array.dtype}", "whole numbers are needed")
    limits = np.iinfo(dtype)
    if array.min() < limits.min or array.max() > limits.max:
        raise ValidationError(where, "holds numbers too large", f"they must fit {dtype.__name__}")
    return array.astype(dtype, copy=False)


def numbers(values: Any, where: str) -> npt.NDArray[Any]:
    """`values` in a type that a file can hold; ValidationError if that is not possible.

    Booleans, integers, float32 and float64 stay as they are, float16 becomes float32.
    """
    array = np.asarray(values)
    array = array.astype(np.float32) if array.dtype == np.float16 else array
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ValidationError(
            where, f"has type {array.dtype}", "booleans, integers, float32 or float64 are needed"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def checked_dt(dt: float, where: str) -> float:
    """`dt` in ms; ValidationError unless it is finite and positive."""
    if not (math.isfinite(dt) and dt > 0):
        raise ValidationError(f"{where}.dt", f"got {shorten(dt)} ms", "must be > 0 ms")
    return float(dt)


def checked_span(t_start: float, t_stop: float, where: str) -> tuple[float, float]:
    """`t_start` and `t_stop` in ms; ValidationError unless finite and in order."""
    if not (math.isfinite(t_start) and math.isfinite(t_stop) and t_start <= t_stop):
        raise ValidationError(
            where,
            f"got t_start = {shorten(t_start)} ms and t_stop = {shorten(t_stop)} ms",
            "must be finite, t_start <= t_stop",
        )
    return float(t_start), float(t_stop)


def checked_bin(width: float, dt: float, where: str) -> int:
    """Steps in a bin of `width` ms; ValidationError unless it holds at least one."""
    steps = round(width / dt) if math.isfinite(width) else 0
    if steps < 1:
        raise ValidationError(
            where, f"got a bin of {shorten(width)} ms", f"must be at least one step, {dt:g} ms"
        )
    return steps


def checked_whole(value: int, low: int | None, where: str) -> int:
    """`value`; ValidationError unless it is a whole number, not below `low` where there is one."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or (low is not None and value < low):
        rule = "must be a whole number" + ("" if low is None else f" >= {low}")
        raise ValidationError(where, f"got {shorten(value)}", rule)
    return int(value)


def checked_ids(ids: Any, size: int | None, where: str) -> npt.NDArray[np.int32]:
    """Distinct neuron indices, ascending; ValidationError if repeated or outside ``[0, size)``."""
    array = integers(ids, np.int32, where)
    if np.any(np.diff(array) <= 0):
        raise ValidationError(where, "is not strictly ascending", "each neuron is listed once")
    if array.size and (array[0] < 0 or (size is not None and array[-1] >= size)):
        rule = "must be >= 0" if size is None else f"must be in [0, {size})"
        raise ValidationError(where, f"reaches from {array[0]} to {array[-1]}", rule)
    return array


def position(ids: npt.NDArray[Any], neuron: int, where: str) -> int:
    """Where `neuron` stands in the ascending `ids`; ValidationError if it was not recorded."""
    found = int(np.searchsorted(ids, neuron))
    if found == len(ids) or ids[found] != neuron:
        span = f"recorded: {len(ids)} neurons" + (f", {ids[0]} to {ids[-1]}" if len(ids) else "")
        raise ValidationError(where, f"neuron {shorten(neuron)} was not recorded", span)
    return found


def pandas() -> Any:
    """The pandas module; MissingExtraError when it is not installed."""
    try:
        import pandas as module
    except ImportError as error:
        raise MissingExtraError("to_pandas()", "pandas") from error
    return module


def checked_window(
    recording: Recording, t_start: float | None, t_stop: float | None
) -> tuple[float, float]:
    """Part of a recording's time in ms, the whole of it where nothing is given."""
    start = recording.t_start if t_start is None else t_start
    stop = recording.t_stop if t_stop is None else t_stop
    inside = recording.t_start <= start < stop <= recording.t_stop
    good = inside or (t_start is None and t_stop is None)
    if not (math.isfinite(start) and math.isfinite(stop) and good):
        raise ValidationError(
            "Recording",
            f"got the window from {shorten(start)} to {shorten(stop)} ms",
            f"must be a part of {recording.t_start:g} to {recording.t_stop:g} ms",
        )
    return start, stop
