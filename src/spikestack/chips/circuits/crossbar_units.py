"""Units of crossbar neurons: how many of the chip one of a code is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError

if TYPE_CHECKING:
    from .crossbar import CrossbarForm

__all__ = ["multiples", "unit_of"]


def unit_of(unit: np.ndarray, tops: list[np.ndarray]) -> np.ndarray:
    """Units of neurons; those that nothing reaches take one that holds their leak."""
    return np.where(unit > 0, unit, np.maximum(np.abs(tops[1]), 1e-9))


def multiples(
    tops: list[np.ndarray],
    unit: np.ndarray,
    most: np.ndarray,
    form: CrossbarForm,
    fine: bool,
    where: str,
) -> np.ndarray:
    """How many units of the chip one of the code is: what rounds threshold and leak least."""
    best, times = np.full(len(unit), np.inf), np.zeros(len(unit), np.int64)
    for k in range(1, int(most.max(initial=1)) + 1 if fine else 2):
        scaled = [k * top / unit for top in tops]
        fits = (np.abs(scaled[0]) <= form.threshold) & (np.abs(scaled[1]) <= form.leak)
        fits &= (k <= most) & (np.abs(scaled[2]) <= form.threshold)
        lost = sum(
            np.abs(np.rint(x) - x) / np.maximum(np.abs(x), 1e-12) * (np.abs(x) > 1e-12)
            for x in scaled
        )
        better = fits & (lost < best - 1e-9)
        times, best = np.where(better, k, times), np.where(better, lost, best)
    if (times == 0).any():
        j = int(np.flatnonzero(times == 0)[0])
        theta, leak = tops[0][j] / unit[j], tops[1][j] / unit[j]
        raise ValidationError(
            where, f"neuron {j}: threshold {theta:,.0f} and leak {leak:,.1f} units of its weights",
            f"thresholds of {form.threshold:,} and leaks of {form.leak} units at most",
            "use larger weights, or a lower threshold",
        )  # fmt: skip
    return times
