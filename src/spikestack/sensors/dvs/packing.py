"""Events of one step as words of 64 bits: time, pixel, label, polarity; sorted, and unpacked.

A word is time << 32 | pixel << 3 | label << 1 | polarity, with time in whole microseconds since
the step's first. Kernels make them pixel by pixel; a stable radix sort puts them in order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit

__all__ = ["HOT", "LEAK", "MAX_PIXELS", "MAX_STEP_US", "SHOT", "SIGNAL", "pack", "sort", "unpack"]

#: What made an event.
SIGNAL, LEAK, SHOT, HOT = 0, 1, 2, 3

MAX_PIXELS = 1 << 29
MAX_STEP_US = 2.0**31 - 2
#: Times are rounded down, but not those that rounding errors put just before a microsecond.
_NUDGE = 1e-6


@njit(cache=True, error_model="numpy", forceinline=True)
def pack(time: float, pixel: int, label: int, polarity: int) -> int:
    """The word of an event `time` us after the step's first microsecond."""
    whole = np.int64(time + _NUDGE)
    return (whole << 32) | (np.int64(pixel) << 3) | np.int64(label << 1) | np.int64(polarity)


@njit(cache=True, error_model="numpy")
def sort(words: npt.NDArray[np.int64], spare: npt.NDArray[np.int64], n: int, span: int) -> bool:
    """Sort the first n words by time, stably; True if the result is in `spare`.

    `span` is the greatest time that can occur.
    """
    counts = np.zeros(2048, np.int64)
    source, target, swapped, shift = words, spare, False, 32
    while (span >> (shift - 32)) > 0:
        counts[:] = 0
        for i in range(n):
            counts[(source[i] >> shift) & 2047] += 1
        total = 0
        for k in range(2048):
            here = counts[k]
            counts[k] = total
            total += here
        for i in range(n):
            word = source[i]
            k = (word >> shift) & 2047
            target[counts[k]] = word
            counts[k] += 1
        source, target, swapped, shift = target, source, not swapped, shift + 11
    return swapped


@njit(cache=True, error_model="numpy")
def unpack(
    words: npt.NDArray[np.int64],
    n: int,
    base: int,
    width: int,
    t: npt.NDArray[np.int64],
    x: npt.NDArray[np.uint16],
    y: npt.NDArray[np.uint16],
    p: npt.NDArray[np.uint8],
    label: npt.NDArray[np.uint8],
) -> None:
    """Write columns of the first n words; `base` is the step's first microsecond."""
    across = np.uint32(width)
    for i in range(n):
        word = words[i]
        t[i] = base + (word >> 32)
        low = np.uint32(word)
        pixel = np.uint32(low >> np.uint32(3))
        row = np.uint32(pixel // across)
        y[i] = row
        x[i] = np.uint32(pixel - np.uint32(row * across))
        p[i] = low & np.uint32(1)
        label[i] = np.uint32(low >> np.uint32(1)) & np.uint32(3)
