"""Arrays whose rows begin where vector loads and stores are cheapest."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LANES", "aligned", "padded"]

_LINE = 64
_PAGE = 4096
#: Numbers of 4 bytes in a cache line: shares of a population begin at multiples of it.
LANES = 16


def padded(count: Any) -> Any:
    """`count` rounded up to whole cache lines of 4-byte numbers."""
    return -(-count // LANES) * LANES


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """Zeros whose rows (last axis) begin at cache lines, at different places of a page.

    Rows at equal places of a page are mistaken for each other by the store buffer, and a
    vector across two lines is read twice: both were measured to cost half as much again.
    """
    itemsize = np.dtype(dtype).itemsize
    row = -(-max(1, shape[-1]) * itemsize // _LINE) * _LINE
    if min(row % _PAGE, -row % _PAGE) < 4 * _LINE:
        row += 4 * _LINE
    rows = int(np.prod(shape[:-1], dtype=np.int64))
    raw = np.zeros(rows * row + _LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _LINE
    whole = raw[start : start + rows * row].view(dtype)
    return whole.reshape(*shape[:-1], row // itemsize)[..., : shape[-1]]
