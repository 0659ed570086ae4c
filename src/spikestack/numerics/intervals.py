"""Intervals between spikes in one pass, for records too long to be sorted by neuron."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiling import njit

__all__ = ["interval_moments"]


@njit(cache=True, nogil=True, error_model="numpy")
def interval_moments(
    steps: Any, ids: Any, trials: Any, last: Any, number: Any, mean: Any, squares: Any
) -> None:
    """Add the intervals of spikes, in order of time within each trial, to running moments.

    Updated as by Welford 1962 (Technometrics 4:419), which loses no digits to large means.

    Parameters
    ----------
    steps, ids, trials
        Of the spikes; `trials` may be empty where there is one.
    last
        int64[trials, neurons]: step of the last spike of each, the least int64 where there was
        none; moved on.
    number, mean, squares
        int64, float64, float64, by neuron: number of intervals, their mean, and the sum of squared
        deviations from it; updated.
    """
    none = np.iinfo(np.int64).min
    for k in range(len(steps)):
        i, trial = ids[k], (trials[k] if len(trials) > 0 else 0)
        before = last[trial, i]
        last[trial, i] = steps[k]
        if before != none:
            x = np.float64(steps[k] - before)
            number[i] += 1
            away = x - mean[i]
            mean[i] += away / number[i]
            squares[i] += away * (x - mean[i])
