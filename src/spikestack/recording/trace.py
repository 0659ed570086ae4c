"""One variable of one population over time, as plain arrays with units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from . import spectra
from .checks import ascends, checked_dt, checked_ids, frozen, integers, numbers, pandas, position
from .tables import html_table, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Trace"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Trace:
    """One variable of some neurons of a population, sampled over time.

    Parameters
    ----------
    population, variable
        Their names.
    unit
        Such as ``"mV"``; empty for a number without one.
    dt
        Time step, in ms.
    steps : int64[m]
        When: a sample's time is ``step * dt``; strictly ascending.
    ids : int32[k]
        Which neurons, by index within the population; strictly ascending.
    values : [trials, m, k]
        Float32 or float64 (integers and booleans are kept as they are).

    Raises
    ------
    ValidationError
        When the arrays do not fit each other.
    """

    population: str
    variable: str
    unit: str
    dt: float
    steps: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        steps = integers(self.steps, np.int64, f"{self._where}.steps")
        if not ascends(steps):
            raise ValidationError(f"{self._where}.steps", "are not strictly ascending")
        ids = checked_ids(self.ids, None, f"{self._where}.ids")
        values = numbers(self.values, f"{self._where}.values")
        if values.ndim != 3 or not len(values) or values.shape[1:] != (len(steps), len(ids)):
            raise ValidationError(
                f"{self._where}.values",
                f"has shape {values.shape}",
                f"must be (trials, {len(steps)}, {len(ids)}), with at least one trial",
            )
        object.__setattr__(self, "dt", checked_dt(self.dt, self._where))
        object.__setattr__(self, "steps", frozen(steps))
        object.__setattr__(self, "ids", frozen(ids))
        object.__setattr__(self, "values", frozen(values, order="K"))

    @property
    def _where(self) -> str:
        return f"Trace {printable(self.population)!r}.{printable(self.variable)}"

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Sample times: float64[m], in ms."""
        return np.multiply(self.steps, self.dt, dtype=np.float64)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.values)

    @property
    def label(self) -> str:
        """The variable with its unit, as on an axis: ``v (mV)``."""
        return f"{self.variable} ({self.unit})" if self.unit else self.variable

    def __len__(self) -> int:
        return len(self.steps)

    def __bool__(self) -> bool:
        return True

    def checked_trial(self, trial: int) -> int:
        """`trial`; ValidationError if there is no such one."""
        if not 0 <= trial < self.n_trials:
            raise ValidationError(
                self._where, f"got trial {shorten(trial)}", f"must be in [0, {self.n_trials})"
            )
        return trial

    def of(self, i: int, trial: int = 0) -> npt.NDArray[Any]:
        """Samples of neuron `i` in one trial: [m], in `unit`.

        Raises
        ------
        ValidationError
            When the neuron was not recorded, or there is no such trial.
        """
        return self.values[self.checked_trial(trial), :, position(self.ids, i, self._where)]

    def to_numpy(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays by name: time_ms [m], neuron [k], and value [trials, m, k]."""
        return {
            "time_ms": self.times,
            "neuron": self.ids.copy(),
            "value": self.values.copy(),
        }

    def to_pandas(self, trial: int | None = None) -> Any:
        """A DataFrame: wide for one trial, long for several.

        Parameters
        ----------
        trial
            Which trial; all of them by default.

        Returns
        -------
        pandas.DataFrame
            With one trial: one row a sample, the index ``time_ms``, one column a neuron, named by
            its index (a plain int). With several: the columns ``time_ms``, ``neuron``, ``trial``
            and ``value``, one row for each.

        Raises
        ------
        MissingExtraError
            Without pandas.
        """
        frame = pandas()
        if trial is not None or self.n_trials == 1:
            index = frame.Index(self.times, name="time_ms")
            values = self.values[self.checked_trial(trial or 0)]
            return frame.DataFrame(values.copy(), index=index, columns=self.ids.tolist())
        shape = self.values.shape
        return frame.DataFrame(
            {
                "time_ms": np.broadcast_to(self.times[:, None], shape).ravel(),
                "neuron": np.broadcast_to(self.ids, shape).ravel(),
                "trial": np.broadcast_to(np.arange(shape[0])[:, None, None], shape).ravel(),
                "value": self.values.ravel(),
            }
        )

    def to_xarray(self) -> Any:
        """An xarray.DataArray over ``trial``, ``time`` (in ms) and ``neuron``, with its unit.

        Raises
        ------
        MissingExtraError
            Without xarray.
        """
        from .exporting import array_of

        return array_of(self)

    def to_arrow(self) -> Any:
        """A pyarrow.Table: time_ms, trial, step, and a column for each neuron, named by its index.

        Population, variable and unit stand in the metadata of the schema.

        Raises
        ------
        MissingExtraError
            Without pyarrow.
        """
        from .arrow_tables import trace_table

        return trace_table(self)

    def spectrum(self, segment: float | None = None) -> tuple[Floats, Floats]:
        """Power spectral density of each neuron's samples, the mean over trials.

        By Welch's method, as `SpikeRecord.spectrum`; a sinusoid of amplitude A shows as a peak
        that holds A**2/2.

        Parameters
        ----------
        segment
            Length in ms of a window; frequencies are ``1000/segment`` Hz apart. By default 1000
            ms, or a quarter of a trace that is shorter than 4 s.

        Returns
        -------
        frequencies : float64[f]
            In Hz.
        power : float64[k, f]
            In the unit of the trace, squared, per Hz.

        Raises
        ------
        ValidationError
            When samples are not evenly spaced, or a segment holds less than eight or more than
            there are.
        """
        where = f"{self._where}.spectrum"
        gaps = np.unique(np.diff(self.steps))
        if len(gaps) != 1:
            raise ValidationError(where, "samples are not evenly spaced", "two or more, evenly")
        ms = float(gaps[0]) * self.dt
        length = spectra.segment_length(segment, len(self), ms, where)
        frequencies = np.multiply(np.arange(length // 2 + 1), 1000.0 / (ms * length), dtype=float)
        power = np.empty((len(self.ids), len(frequencies)))
        for k in range(len(self.ids)):
            samples = self.values[:, :, k].astype(float)
            power[k] = spectra.welch(samples, 1000.0 / ms, length)[1]
        return np.asarray(frequencies, np.float64), power

    def plot(self, ax: Axes | None = None, trial: int = 0) -> Figure:
        """Draw one trial and return the figure.

        One neuron is a line, up to eight are lines above each other with a scale bar, and more
        are an image, one row a neuron.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from .trace_plots import trace_figure

        return trace_figure(self, ax, self.checked_trial(trial))

    def same_values(self, other: Trace) -> bool:
        """Whether both hold the same samples, bit for bit."""
        plain = ("population", "variable", "unit", "dt")
        return all(getattr(self, name) == getattr(other, name) for name in plain) and all(
            a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            for a, b in (
                (self.steps, other.steps),
                (self.ids, other.ids),
                (self.values, other.values),
            )
        )

    def _facts(self) -> dict[str, str]:
        facts = {"neurons": f"{len(self.ids):,}", "samples": f"{len(self):,}"}
        if len(self):
            facts["window"] = f"{self.times[0]:g} to {self.times[-1]:g} ms"
        return facts if self.n_trials == 1 else {**facts, "trials": str(self.n_trials)}

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {text}" for name, text in self._facts().items())
        return f"<{self._where} ({printable(self.unit)}): {facts}>"

    def _repr_html_(self) -> str:
        facts = self._facts()
        heads = ["population", "variable", *facts]
        return html_table(heads, [[self.population, self.label, *facts.values()]])
