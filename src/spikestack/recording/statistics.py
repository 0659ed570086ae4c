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
    "counts",
    "fano_factors",
    "in_window",
    "intervals",
    "lag_counts",
    "local_variation",
    "milliseconds",
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

SPIKES = 2**20
"""Spikes that are looked at together, so that a record on disk is never held as a whole."""

LONG = 2**22
"""Spikes from which on a record is not sorted by neuron as a whole where it can be avoided."""


def milliseconds(steps: npt.NDArray[np.integer], dt: float) -> Floats:
    """Steps as times: float64, in ms."""
    return np.multiply(steps, dt, dtype=np.float64)


def counts(ids: Ints, size: int) -> npt.NDArray[np.int64]:
    """How often each of ``range(size)`` occurs in `ids`."""
    found = np.zeros(size, np.int64)
    for first in range(0, len(ids), SPIKES):
        found += np.bincount(ids[first : first + SPIKES], minlength=size)
    return found


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
    counts = np.zeros(bins, np.int64)
    for begin in range(0, len(steps), SPIKES):
        index = bin_index(steps[begin : begin + SPIKES], first, width)
        low = int(index.min())
        part = np.bincount(index - low)
        counts[low : low + len(part)] += part
    return counts, edges


def fano_factors(ids: Ints, windows: Ints, size: int, n_windows: int) -> Floats:
    """Variance of spike counts over their mean.

    Parameters
    ----------
    ids, windows : int[n]
        The neuron and the window of each spike, in ``range(size)`` and ``range(n_windows)``.
    size, n_windows
        Number of neurons and of windows.

    Returns
    -------
    float64[size]
        NaN where there are no spikes.
    """
    keys, number = np.unique(ids.astype(np.int64) * n_windows + windows, return_counts=True)
    first = keys // n_windows
    total = np.bincount(first, weights=number, minlength=size)
    squares = np.bincount(first, weights=number.astype(float) ** 2, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.maximum(squares * n_windows - total**2, 0.0) / (n_windows * total)


def local_variation(lengths: Ints, trains: Ints, size: int, least: int = 3) -> Floats:
    """Shinomoto's local variation of successive intervals, pooled over the trains of a neuron.

    Parameters
    ----------
    lengths, trains
        As `intervals` gives them; a train is a trial times `size` plus a neuron.
    size
        Number of neurons.
    least
        Neurons with fewer intervals give NaN.

    Returns
    -------
    float64[size]
    """
    before, after = lengths[:-1].astype(float), lengths[1:].astype(float)
    pairs = (trains[1:] == trains[:-1]) & (before + after > 0)
    neuron = trains[1:][pairs] % size
    shares = ((before - after)[pairs] / (before + after)[pairs]) ** 2
    number = np.bincount(neuron, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        variation = 3.0 * np.bincount(neuron, weights=shares, minlength=size) / number
    variation[np.bincount(trains % size, minlength=size) < least] = np.nan
    return variation


def lag_counts(
    steps: Ints,
    trials: Ints,
    others: Ints,
    other_trials: Ints,
    width: int,
    bins: int,
    same: bool,
) -> npt.NDArray[np.int64]:
    """Count pairs of spikes of two trains by their lag.

    Parameters
    ----------
    steps, trials, others, other_trials : int[n], int[n], int[m], int[m]
        Steps and trials of both, ascending by trial and step.
    width, bins
        Steps in a bin, and bins on each side of the one around 0.
    same
        Whether both are one train, whose spikes make no pairs with themselves.

    Returns
    -------
    int64[2 * bins + 1]
    """
    found = np.zeros(2 * bins + 1, np.int64)
    low, high = -(width * (2 * bins + 1) // 2), -(-width * (2 * bins + 1) // 2)
    for trial in np.intersect1d(trials, other_trials):
        a, b = steps[trials == trial], others[other_trials == trial]
        begin, end = np.searchsorted(b, a + low), np.searchsorted(b, a + high)
        for offset in range(int((end - begin).max(initial=0))):
            there = begin + offset < end
            lags = b[begin[there] + offset] - a[there]
            index = (2 * lags + width) // (2 * width) + bins
            index = index[(index >= 0) & (index <= 2 * bins)]
            found += np.bincount(index, minlength=2 * bins + 1)
    found[bins] -= len(steps) if same else 0
    return found


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
