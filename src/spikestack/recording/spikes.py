"""The spikes of one population, as plain arrays with units, and what can be asked of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arranging import arranged
from .checks import pandas
from .spike_counts import Floats
from .spike_statistics import SpikeStatistics
from .statistics import milliseconds
from .tables import html_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SpikeRecord"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SpikeRecord(SpikeStatistics):
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
    def times(self) -> Floats:
        """Spike times: float64[n], in ms."""
        return milliseconds(self.steps, self.dt)

    @property
    def duration(self) -> float:
        """Length of the window, in ms, of each trial."""
        return self.t_stop - self.t_start

    def __bool__(self) -> bool:
        return True

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
