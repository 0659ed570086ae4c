"""What may be asked of wires: arrays, voltages, resistances, and the memory that they take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MemoryLimitError, ValidationError, shorten
from ...machine import available_memory
from ...sizes import human_bytes
from ...units import magnitude, parse_unit

__all__ = ["checked_array", "checked_lines", "checked_number", "checked_volts", "need_memory"]

_F64 = NDArray[np.float64]
_SMALL = 2**26


def checked_array(value: Any, where: str) -> _F64:
    """Conductances in S, rows of word lines and columns of bit lines.

    Raises
    ------
    ValidationError
        Unless they are two-dimensional, of at least one cell, finite and at least 0.
    """
    found = np.asarray(magnitude(value, parse_unit("S"), where), dtype=np.float64)
    if found.ndim != 2 or 0 in found.shape:
        raise ValidationError(
            where, f"an array of shape {found.shape}", "word lines by bit lines, at least 1 by 1"
        )
    bad = ~(np.isfinite(found) & (found >= 0))
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise ValidationError(
            f"{where}[{i}, {j}]",
            f"got {found[i, j]:g} S",
            "finite conductances of at least 0 S",
            "a cell that does not conduct has 0",
        )
    return found


def checked_volts(value: Any, size: int, where: str) -> _F64:
    """Voltages of `size` lines, ``(size,)`` or ``(inputs, size)``; a number is for all lines."""
    found = np.asarray(magnitude(value, parse_unit("V"), where), dtype=np.float64)
    if found.ndim == 0:
        found = np.full(size, float(found))
    if found.ndim > 2 or found.shape[-1] != size or found.shape[0] == 0:
        raise ValidationError(
            where, f"an array of shape {found.shape}", f"({size},) or (inputs, {size})"
        )
    if not np.isfinite(found).all():
        raise ValidationError(where, "not all are finite", "volts of every line",
                              "lines without a source are named as floating")  # fmt: skip
    return found


def checked_number(
    value: Any, unit: str, where: str, low: float = 0.0, high: float = math.inf
) -> float:
    """One finite number in an SI unit, within limits."""
    found = magnitude(value, parse_unit(unit), where)
    if not (isinstance(found, float) and math.isfinite(found) and low <= found <= high):
        most = "" if math.isinf(high) else f", at most {high:g}"
        raise ValidationError(where, f"got {shorten(value)}", f"at least {low:g}{most} {unit}")
    return found


def checked_lines(value: Any, size: int, where: str) -> NDArray[np.bool_]:
    """Which lines are meant: a mask of bool, or whole indices."""
    if value is None:
        return np.zeros(size, dtype=bool)
    found = np.asarray(value)
    if found.dtype == bool and found.shape == (size,):
        return found.copy()
    mask = np.zeros(size, dtype=bool)
    if found.size == 0:
        return mask
    if found.dtype.kind not in "iu" or found.ndim > 1 or found.min() < 0 or found.max() >= size:
        raise ValidationError(
            where, f"got {shorten(value)}", f"indices from 0 to {size - 1}, or {size} of bool"
        )
    mask[found] = True
    return mask


def need_memory(needed: float, what: str, remedy: str) -> None:
    """Refuse what would not fit.

    Raises
    ------
    MemoryLimitError
        If more is needed than is free.
    """
    # Asking what is free takes longer than solving a small array.
    if needed < _SMALL:
        return
    free = available_memory()
    if needed > free:
        raise MemoryLimitError(
            f"{what} needs {human_bytes(needed)}; {human_bytes(free)} are free; {remedy}"
        )
