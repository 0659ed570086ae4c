"""The spikes of one population, as plain arrays with units, and what can be asked of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from . import statistics
from .arranging import arranged
from .checks import checked_bin, pandas, position
from .correlations import correlations
from .tables import html_table, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SpikeRecord"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SpikeRecord:
    """The spikes of one population over the window from `t_start` to `t_stop`.

    Arrays are kept read-only and sorted by trial, step and neuron.

    Parameters
    ----------
    population
        Its name.
    size
        Number of neurons in the population, recorded or not.
    dt
        Time step, in ms.
    steps : int64[n]
        When: a spike's time is ``step * dt``.
    ids : int32[n]
        Who: the index within the population.
    t_stop, t_start
        The window observed, in ms.
    shape
        How the neurons are arranged; ``(size,)`` by default.
    trials : int32[n]
        In which trial; one number stands for all spikes.
    values : [n] of int or float, optional
        What the spikes carry, where they carry something.
    recorded : int32[k], optional
        Indices of the neurons observed, ascending; all of them by default.
    n_trials
        Number of trials.

    Raises
    ------
    ValidationError
        When the arrays do not fit each other, the population or the window.
    """

    population: str
    size: int
    dt: float
    steps: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    t_stop: float
    t_start: float = 0.0
    shape: tuple[int, ...] = ()
    trials: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((), np.int32))
    values: npt.NDArray[Any] | None = None
    recorded: npt.NDArray[np.int32] | None = None
    n_trials: int = 1

    def __post_init__(self) -> None:
        for name, value in arranged(self, self._where).items():
            object.__setattr__(self, name, value)

    @classmethod
    def of_checked(cls, **fields: Any) -> SpikeRecord:
        """A record of all its fields, already checked and sorted: arrays are kept as they are."""
        record = cls.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(record, name, value)
        return record

    @property
    def _where(self) -> str:
        return f"SpikeRecord {printable(self.population)!r}"

    @property
    def _span(self) -> tuple[int, int]:
        whole = statistics.whole_steps
        return whole(self.t_start, self.dt), whole(self.t_stop, self.dt)

    @property
    def neurons(self) -> npt.NDArray[np.int32]:
        """Indices of the neurons observed: int32[k], ascending."""
        return np.arange(self.size, dtype=np.int32) if self.recorded is None else self.recorded

    @property
    def times(self) -> Floats:
        """Spike times: float64[n], in ms."""
        return _milliseconds(self.steps, self.dt)

    @property
    def duration(self) -> float:
        """Length of the window, in ms, of each trial."""
        return self.t_stop - self.t_start

    def __len__(self) -> int:
        return len(self.steps)

    def __bool__(self) -> bool:
        return True

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
        return _milliseconds(steps[first:last], self.dt)

    def counts(self, trial: int | None = None) -> npt.NDArray[np.int64]:
        """Spikes per recorded neuron: int64[k], summed over trials unless one is given."""
        ids = self.ids if trial is None else self.ids[self._slice(self.checked_trial(trial))]
        return np.bincount(ids, minlength=self.size)[self.neurons].astype(np.int64)

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
        ids = self.ids
        if (first, last) != self._span:
            ids = ids[statistics.in_window(self.steps, first, last, self._span[0])]
        counts = np.bincount(ids, minlength=self.size)[self.neurons]
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
        return _milliseconds(lengths, self.dt)

    def cv(self, min_intervals: int = 3) -> Floats:
        """Coefficient of variation of the intervals of each recorded neuron: float64[k].

        1 for a Poisson process, 0 for a clock. A neuron's intervals are pooled over trials.

        Parameters
        ----------
        min_intervals
            Neurons with fewer intervals give NaN: the deviation of one or two intervals says next
            to nothing. Three intervals are four spikes in one trial.
        """
        lengths, keys = statistics.intervals(*self._trains)
        variation = statistics.coefficient_of_variation(
            lengths, keys % self.size, self.size, min_intervals
        )
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
        inside = self.steps[statistics.in_window(self.steps, first, last, self._span[0])]
        counts, edges = statistics.binned_counts(inside, first, last, width)
        neurons = len(self.neurons)
        observed = np.diff(edges) * (self.dt * neurons * self.n_trials / 1000.0)
        rates = np.divide(counts, observed) if neurons else np.full(counts.shape, np.nan)
        return _milliseconds(edges[1:] + edges[:-1], self.dt / 2), rates

    def correlations(
        self,
        bin: float = 2.0,
        t_start: float | None = None,
        t_stop: float | None = None,
        max_neurons: int = 200,
        seed: int = 0,
    ) -> Floats:
        """Pearson's correlation coefficient of the spike counts of each two neurons.

        As in Dasbach et al. 2021 (doi 10.3389/fnins.2021.757790), whose bins of 2 ms are the
        default; 0 for independent neurons, 1 for equal counts. Neurons whose counts do not vary,
        the silent ones first of all, have no coefficient and are left out.

        Parameters
        ----------
        bin
            Width in ms, rounded to whole steps. A last bin that is cut short is left out.
        t_start, t_stop
            The window in ms, as in `rates`.
        max_neurons
            Of more neurons that fire in the window, that many are drawn.
        seed
            Of the draw, which depends on nothing else but the name of the population.

        Returns
        -------
        float64[k * (k - 1) / 2]
            Of k neurons, the pairs (0, 1), (0, 2), ... in ascending order of their indices; over
            all bins of all trials, of which none spans two trials.

        Raises
        ------
        ValidationError
            When the window is not a part of the record or holds no whole bin, `bin` is shorter
            than a step, or `max_neurons` or `seed` cannot be.
        """
        window, where = self._window(t_start, t_stop), f"{self._where}.correlations"
        return correlations(self, bin, window, max_neurons, seed, where)

    def same_spikes(self, other: SpikeRecord) -> bool:
        """Whether both hold the same spikes: equal neurons, step, trials, times and values."""
        plain = ("population", "size", "dt", "n_trials")
        if any(getattr(self, name) != getattr(other, name) for name in plain):
            return False
        pairs = [(getattr(self, a), getattr(other, a)) for a in ("steps", "ids", "trials")]
        pairs.append((self.neurons, other.neurons))
        if not all(np.array_equal(a, b) for a, b in pairs):
            return False
        if self.values is None or other.values is None:
            return self.values is other.values
        return np.array_equal(self.values, other.values, equal_nan=True)

    def to_numpy(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays of equal length, by name: time_ms, neuron, trial, step, and value if there is."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "time_ms": self.times,
            "neuron": self.ids.copy(),
            "trial": self.trials.copy(),
            "step": self.steps.copy(),
        }
        return arrays if self.values is None else {**arrays, "value": self.values.copy()}

    def to_pandas(self) -> Any:
        """A DataFrame with one row a spike: time_ms, neuron, trial, and value if there is.

        Raises
        ------
        MissingExtraError
            Without pandas.
        """
        arrays = self.to_numpy()
        del arrays["step"]
        return pandas().DataFrame(arrays)

    def raster(self, ax: Axes | None = None, trial: int = 0, max_neurons: int = 2000) -> Figure:
        """Draw the spikes as a raster and return the figure.

        Parameters
        ----------
        ax
            Where to draw; a new figure by default.
        trial
            Which trial.
        max_neurons
            Of more neurons, that many are shown, evenly spaced; the axis label says so.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from .plots import record_raster

        return record_raster(self, ax, self.checked_trial(trial), max_neurons)

    def plot_rate(self, ax: Axes | None = None, bin: float | None = None) -> Figure:
        """Draw the population rate over time, in bins of `bin` ms, and return the figure.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from .plots import record_rate

        return record_rate(self, ax, bin)

    def _facts(self) -> dict[str, str]:
        part = "" if self.recorded is None else f"{len(self.neurons):,} of "
        facts = {
            "neurons": f"{part}{self.size:,}",
            "spikes": f"{len(self):,}",
            "rate": "–" if math.isnan(self.rate()) else f"{self.rate():.4g} Hz",
            "window": f"{self.t_start:g} to {self.t_stop:g} ms, step {self.dt:g} ms",
        }
        return facts if self.n_trials == 1 else {**facts, "trials": str(self.n_trials)}

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {text}" for name, text in self._facts().items())
        return f"<{self._where}: {facts}>"

    def _repr_html_(self) -> str:
        facts = self._facts()
        return html_table(["population", *facts], [[self.population, *facts.values()]])


def _milliseconds(steps: npt.NDArray[np.integer], dt: float) -> Floats:
    return np.multiply(steps, dt, dtype=np.float64)
