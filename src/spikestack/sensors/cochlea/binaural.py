"""Two ears: how much sooner one of them hears."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..events import UnitEvents

__all__ = ["interaural_delay"]


def interaural_delay(
    left: UnitEvents, right: UnitEvents, most: int = 700, bin_width: int = 10
) -> tuple[float, np.ndarray, np.ndarray]:
    """By how much the right ear hears later, from pairs of spikes of like units.

    Every spike of one ear is paired with those of the other within `most`, as along the delay
    lines of Jeffress (1948, J Comp Physiol Psychol 41:35); the delay is the centre of mass around
    the highest bin.

    Parameters
    ----------
    left, right
        Events of two cochleas of one kind.
    most
        Greatest delay in microseconds.
    bin_width
        Of the histogram, in microseconds.

    Returns
    -------
    delay
        Microseconds; NaN if no pair is within `most`.
    centres, counts
        The histogram.

    Raises
    ------
    ValidationError
        If the ears have different units, or a width is not > 0.
    """
    if left.units != right.units or most <= 0 or bin_width <= 0:
        raise ValidationError(
            "interaural_delay",
            f"{left.units} and {right.units} units, within {most} us in bins of {bin_width} us",
            "two ears of one kind, widths > 0",
        )
    bins = 2 * (most // bin_width) + 1
    counts = np.zeros(bins, np.int64)
    sides = []
    for events in (left, right):
        order = np.argsort(events.unit, kind="stable")
        starts = np.searchsorted(events.unit[order], np.arange(events.units + 1))
        sides += [events.t[order], starts]
    _pair(*sides, bin_width, counts)
    centres = (np.arange(bins) - bins // 2) * float(bin_width)
    if not counts.any():
        return float("nan"), centres, counts
    top = int(np.argmax(counts))
    near = slice(max(top - 2, 0), top + 3)
    return float(np.average(centres[near], weights=counts[near])), centres, counts


@njit(cache=True, error_model="numpy")
def _pair(
    left: Any, left_starts: Any, right: Any, right_starts: Any, width: int, counts: Any
) -> None:
    half = len(counts) // 2
    reach = half * width + width // 2
    for unit in range(len(left_starts) - 1):
        first = right_starts[unit]
        for i in range(left_starts[unit], left_starts[unit + 1]):
            while first < right_starts[unit + 1] and right[first] < left[i] - reach:
                first += 1
            j = first
            while j < right_starts[unit + 1] and right[j] <= left[i] + reach:
                place = (right[j] - left[i] + half * width + width // 2) // width
                if 0 <= place < len(counts):
                    counts[place] += 1
                j += 1
