"""Correlations of spike counts, over the neurons drawn from a `SpikeRecord`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from ..numerics.random import bits64, stream_key
from . import statistics
from .checks import checked_bin, checked_whole

if TYPE_CHECKING:
    from .spike_counts import SpikeCounts

__all__ = ["correlations"]


def correlations(
    record: SpikeCounts,
    bin: float,
    window: tuple[int, int],
    max_neurons: int,
    seed: int,
    where: str,
) -> npt.NDArray[np.float64]:
    """Coefficients over a `window` of steps; see `SpikeRecord.correlations`."""
    width = checked_bin(bin, record.dt, where)
    checked_whole(max_neurons, 2, f"{where}, max_neurons")
    checked_whole(seed, None, f"{where}, seed")
    first, last = window
    n_bins = (last - first) // width
    if n_bins == 0:
        raise ValidationError(
            where,
            f"got a bin of {shorten(bin)} ms",
            f"must fit into the window of {(last - first) * record.dt:g} ms",
        )
    origin = statistics.whole_steps(record.t_start, record.dt)
    inside = statistics.in_window(record.steps, first, first + n_bins * width, origin)
    ids, trials = record.ids[inside], record.trials[inside].astype(np.int64)
    bins = trials * n_bins + statistics.bin_index(record.steps[inside], first, width)
    drawn = _drawn(np.unique(ids), max_neurons, stream_key(seed, record.population, "correlations"))
    rows = np.full(record.size, -1)
    rows[drawn] = np.arange(len(drawn))
    rows = rows[ids]
    bins, rows = bins[rows >= 0], rows[rows >= 0]
    return statistics.count_correlations(rows, bins, len(drawn), n_bins * record.n_trials)


def _drawn(neurons: npt.NDArray[np.int32], number: int, key: np.uint64) -> npt.NDArray[np.int32]:
    """At most `number` of the `neurons`, ascending: those of which the key makes the least bits."""
    order = np.argsort(bits64(key, neurons), kind="stable")
    return np.sort(neurons[order[:number]])
