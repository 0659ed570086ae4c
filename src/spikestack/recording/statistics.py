"""Spike statistics as pure functions on arrays; none of them loops over spikes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "bin_index",
    "binned_counts",
    "coefficient_of_variation",
    "count_correlations",
    "in_window",
    "intervals",
    "rates",
    "stable_order",
    "whole_steps",
]

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]

ROUNDING = 1e-6
"""Part of a step within which a time counts as lying on the grid."""

BLOCK = 2**13
"""Bins of which counts are held at a time."""


def whole_steps(time: float, dt: float) -> int:
    """Whole steps up to `time` (both in ms); a time within 1e-6 steps of the grid is on it."""
    return math.floor(time / dt + ROUNDING)


def in_window(steps: Ints, first: int, last: int, origin: int) -> npt.NDArray[np.bool_]:
    """Mark the steps in the window ``(first, last]``.

    Half open, because a spike at step s ends the interval that leads to it; adjacent windows then
    share no spike. A window that begins at `origin`, the start of the record, is closed at both
    ends, so that spikes given to the network at its very start are counted.
    """
    after = steps >= first if first <= origin else steps > first
    return after & (steps <= last)


def stable_order(keys: Ints) -> npt.NDArray[np.intp]:
    """Order that sorts non-negative `keys` and keeps equal ones as they were.

    A radix sort in digits of 16 bits, several times faster than NumPy's stable sort on wide keys.
    """
    order = np.argsort((keys & 0xFFFF).astype(np.uint16), kind="stable")
    largest, shift = int(keys.max(initial=0)), 16
    while largest >> shift:
        digits = ((keys[order] >> shift) & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(digits, kind="stable")]
        shift += 16
    return order


def intervals(steps: Ints, trains: Ints) -> tuple[Ints, Ints]:
    """Intervals between successive spikes of the same train.

    Parameters
    ----------
    steps : int[n]
        Spike steps, ascending within each train.
    trains : int[n]
        The train each spike belongs to, equal ones side by side.

    Returns
    -------
    lengths, trains : int[m]
        Interval lengths in steps, and the train of each.
    """
    same = trains[1:] == trains[:-1]
    return np.diff(steps)[same], trains[1:][same]


def coefficient_of_variation(lengths: Ints, groups: Ints, size: int, least: int = 3) -> Floats:
    """Standard deviation of intervals over their mean, per group.

    Parameters
    ----------
    lengths : [m]
        Interval lengths, in any unit.
    groups : int[m]
        The group of each interval, in ``range(size)``.
    size
        Number of groups.
    least
        Groups with fewer intervals give NaN: too few to speak of variation.

    Returns
    -------
    float64[size]
        The deviation is that of the sample itself (divided by m, not m - 1). NaN also where the
        mean interval is 0.
    """
    number = np.bincount(groups, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(groups, weights=lengths, minlength=size) / number
        squares = np.bincount(groups, weights=(lengths - mean[groups]) ** 2, minlength=size)
        variation = np.sqrt(squares / number) / mean
    variation[(number < least) | (mean == 0)] = np.nan
    return variation


def rates(counts: npt.NDArray[np.number], duration: float, trials: int = 1) -> Floats:
    """Rates in Hz of spike counts summed over `trials` of `duration` ms; NaN if `duration` is 0."""
    if duration <= 0:
        return np.full(np.shape(counts), np.nan)
    return np.asarray(counts, float) * (1000.0 / (duration * trials))


def bin_index(steps: Ints, first: int, width: int) -> Ints:
    """The bin of each step: bins of `width` steps, ``(edge, next edge]``; `first` is in bin 0."""
    return np.maximum(steps - first - 1, 0) // width


def binned_counts(
    steps: Ints, first: int, last: int, width: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the spikes in bins of `width` steps over ``[first, last]``.

    Parameters
    ----------
    steps : int[n]
        Spike steps within ``[first, last]``, in any order.
    first, last, width
        The span and the bin, in steps. Bins are half open, ``(edge, next edge]``, and the first
        also holds step `first`; the last bin may be shorter.

    Returns
    -------
    counts : int64[b]
    edges : int64[b + 1]
        In steps.
    """
    bins = -(-(last - first) // width)
    edges = np.minimum(first + width * np.arange(bins + 1, dtype=np.int64), last)
    if bins == 0:
        return np.zeros(0, np.int64), edges
    index = bin_index(steps, first, width)
    return np.bincount(index, minlength=bins).astype(np.int64), edges


def count_correlations(trains: Ints, bins: Ints, size: int, n_bins: int) -> Floats:
    """Pearson's correlation coefficient of the spike counts of each two trains.

    Parameters
    ----------
    trains, bins : int[n]
        The train and the bin of each spike, in ``range(size)`` and ``range(n_bins)``; bins
        ascending.
    size, n_bins
        Number of trains and of bins.

    Returns
    -------
    float64[k * (k - 1) / 2]
        The upper triangle of the matrix, row by row, of the k trains whose counts vary.
    """
    products, sums, block = np.zeros((size, size)), np.zeros(size), min(BLOCK, n_bins)
    for first in range(0, n_bins, block):
        own = slice(*np.searchsorted(bins, [first, first + block]))
        index = trains[own] * block + (bins[own] - first)
        counts = np.bincount(index, minlength=size * block).reshape(size, block).astype(float)
        products += counts @ counts.T
        sums += counts.sum(axis=1)
    covariance = n_bins * products - np.outer(sums, sums)
    varying = np.flatnonzero(covariance.diagonal() > 0)
    covariance = covariance[np.ix_(varying, varying)]
    variance = covariance.diagonal()
    rows, columns = np.triu_indices(len(varying), 1)
    pairs = covariance[rows, columns] / np.sqrt(variance[rows] * variance[columns])
    return np.clip(pairs, -1.0, 1.0)
