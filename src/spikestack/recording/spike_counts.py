"""What can be asked of the spikes of one population: trains, counts, rates, intervals."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from . import statistics
from .checks import checked_bin, position
from .statistics import milliseconds
from .tables import printable

__all__ = ["SpikeCounts"]

Floats = npt.NDArray[np.float64]


class SpikeCounts:
    """Counts and intervals of the spikes of a `SpikeRecord`, which is the only one to use it."""

    population: str
    size: int
    dt: float
    steps: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    t_stop: float
    t_start: float
    trials: npt.NDArray[np.int32]
    recorded: npt.NDArray[np.int32] | None
    n_trials: int

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def _where(self) -> str:
        return f"SpikeRecord {printable(self.population)!r}"

    @property
    def neurons(self) -> npt.NDArray[np.int32]:
        """Indices of the neurons observed: int32[k], ascending."""
        return np.arange(self.size, dtype=np.int32) if self.recorded is None else self.recorded

    @property
    def _span(self) -> tuple[int, int]:
        whole = statistics.whole_steps
        return whole(self.t_start, self.dt), whole(self.t_stop, self.dt)

    @cached_property
    def _trains(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Steps sorted by trial, neuron and step, and the key trial * size + neuron of each."""
        keys = self.trials.astype(np.int64) * self.size + self.ids
        order = statistics.stable_order(keys)
        return self.steps[order], keys[order]

    def checked_trial(self, trial: int) -> int:
        """`trial`; ValidationError if there is no such one."""
        if not 0 <= trial < self.n_trials:
            raise ValidationError(
                self._where, f"got trial {shorten(trial)}", f"must be in [0, {self.n_trials})"
            )
        return trial

    def _window(self, t_start: float | None, t_stop: float | None) -> tuple[int, int]:
        if t_start is None and t_stop is None:
            return self._span
        start = self.t_start if t_start is None else t_start
        stop = self.t_stop if t_stop is None else t_stop
        slack = statistics.ROUNDING * self.dt
        if not self.t_start - slack <= start < stop <= self.t_stop + slack:
            raise ValidationError(
                self._where,
                f"got the window from {shorten(start)} to {shorten(stop)} ms",
                f"must be a part of {self.t_start:g} to {self.t_stop:g} ms",
            )
        return statistics.whole_steps(start, self.dt), statistics.whole_steps(stop, self.dt)

    def _slice(self, trial: int) -> slice:
        if self.n_trials == 1:
            return slice(0, len(self))
        first, last = np.searchsorted(self.trials, [trial, trial + 1])
        return slice(int(first), int(last))

    def inside(self, first: int, last: int) -> Any:
        """Which spikes are in the window ``(first, last]`` of steps: a slice, if it can be."""
        if (first, last) == self._span:
            return slice(None)
        if self.n_trials > 1:
            return statistics.in_window(self.steps, first, last, self._span[0])
        side: Any = "left" if first <= self._span[0] else "right"
        begin = int(np.searchsorted(self.steps, first, side))
        return slice(begin, int(np.searchsorted(self.steps, last, "right")))

    def train(self, i: int, trial: int = 0) -> Floats:
        """Spike times of neuron `i` in one trial: float64, ascending, in ms.

        Raises
        ------
        ValidationError
            When the neuron was not recorded, or there is no such trial.
        """
        position(self.neurons, i, self._where)
        steps, keys = self._trains
        key = self.checked_trial(trial) * self.size + i
        first, last = np.searchsorted(keys, [key, key + 1])
        return milliseconds(steps[first:last], self.dt)

    def counts(self, trial: int | None = None) -> npt.NDArray[np.int64]:
        """Spikes per recorded neuron: int64[k], summed over trials unless one is given."""
        ids = self.ids if trial is None else self.ids[self._slice(self.checked_trial(trial))]
        return statistics.counts(ids, self.size)[self.neurons]

    def rates(self, t_start: float | None = None, t_stop: float | None = None) -> Floats:
        """Rate of each recorded neuron: float64[k], in Hz, the mean over trials.

        Parameters
        ----------
        t_start, t_stop
            The window, in ms, half open as ``(t_start, t_stop]`` because a spike ends the step it
            is stamped with; the start of the record belongs to it. The whole record by default.

        Returns
        -------
        numpy.ndarray
            NaN when the record has no length.

        Raises
        ------
        ValidationError
            When the window is empty or not a part of the record.
        """
        first, last = self._window(t_start, t_stop)
        counts = statistics.counts(self.ids[self.inside(first, last)], self.size)[self.neurons]
        return statistics.rates(counts, (last - first) * self.dt, self.n_trials)

    def rate(self, t_start: float | None = None, t_stop: float | None = None) -> float:
        """Mean rate of the recorded neurons, in Hz; as `rates`, and NaN if none was recorded."""
        rates = self.rates(t_start, t_stop)
        return float(rates.mean()) if rates.size else math.nan

    def isi(self, i: int | None = None) -> Floats:
        """Intervals between successive spikes of a neuron, never across trials.

        Parameters
        ----------
        i
            One neuron; all of them by default.

        Returns
        -------
        float64[m]
            In ms, ordered by trial, neuron and time.

        Raises
        ------
        ValidationError
            When the neuron was not recorded.
        """
        lengths, keys = statistics.intervals(*self._trains)
        if i is not None:
            position(self.neurons, i, self._where)
            lengths = lengths[keys % self.size == i]
        return milliseconds(lengths, self.dt)

    def cv(self, min_intervals: int = 3) -> Floats:
        """Coefficient of variation of the intervals of each recorded neuron: float64[k].

        1 for a Poisson process, 0 for a clock. A neuron's intervals are pooled over trials.

        Parameters
        ----------
        min_intervals
            Neurons with fewer intervals give NaN: the deviation of one or two intervals says next
            to nothing. Three intervals are four spikes in one trial.
        """
        if len(self) > statistics.LONG:
            return self._cv_of_long(min_intervals)
        lengths, keys = statistics.intervals(*self._trains)
        variation = statistics.coefficient_of_variation(
            lengths, keys % self.size, self.size, min_intervals
        )
        return variation[self.neurons]

    def _cv_of_long(self, least: int) -> Floats:
        """As `cv`, in one pass, so that a record on disk is never held as a whole."""
        from ..numerics.intervals import interval_moments

        last = np.full((self.n_trials, self.size), np.iinfo(np.int64).min)
        number = np.zeros(self.size, np.int64)
        mean, squares = np.zeros(self.size), np.zeros(self.size)
        trials = self.trials if self.n_trials > 1 else self.trials[:0]
        interval_moments(self.steps, self.ids, trials, last, number, mean, squares)
        with np.errstate(invalid="ignore", divide="ignore"):
            variation = np.sqrt(squares / number) / mean
        variation[(number < least) | (mean == 0)] = np.nan
        return variation[self.neurons]

    def rate_over_time(
        self, bin: float, t_start: float | None = None, t_stop: float | None = None
    ) -> tuple[Floats, Floats]:
        """Population rate over time, the mean over recorded neurons and trials.

        Parameters
        ----------
        bin
            Width in ms, rounded to whole steps so that all bins hold equally many.
        t_start, t_stop
            The window in ms, as in `rates`.

        Returns
        -------
        centres : float64[b]
            In ms.
        rates : float64[b]
            In Hz. A last bin that is cut short counts by its true width.

        Raises
        ------
        ValidationError
            When `bin` is shorter than a step, or the window is not a part of the record.
        """
        first, last = self._window(t_start, t_stop)
        width = checked_bin(bin, self.dt, f"{self._where}.rate_over_time")
        inside = self.steps[self.inside(first, last)]
        counts, edges = statistics.binned_counts(inside, first, last, width)
        neurons = len(self.neurons)
        observed = np.diff(edges) * (self.dt * neurons * self.n_trials / 1000.0)
        rates = np.divide(counts, observed) if neurons else np.full(counts.shape, np.nan)
        return milliseconds(edges[1:] + edges[:-1], self.dt / 2), rates
