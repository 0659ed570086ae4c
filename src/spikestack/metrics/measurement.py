"""What `measure` found: numbers by name, each defined or with the reason why it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError, UnknownNameError, ValidationError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["METRICS", "LayerRow", "Measurement", "ProjectionRow"]

#: Name, unit, and in one line what it is; docs/neurobench.md has the definitions in full.
METRICS: dict[str, tuple[str, str]] = {
    "footprint": ("bytes", "weights, constants, states and delay lines"),
    "parameter_count": ("", "weights, zeros included"),
    "synapses": ("", "edges that there are"),
    "connection_sparsity": ("", "share of weights that are 0"),
    "activation_sparsity": ("", "share of neurons and steps without a spike"),
    "effective_acs": ("per inference", "spikes times synapses, where all that arrives is -1 or 1"),
    "effective_macs": ("per inference", "the same, where what arrives has other values"),
    "dense": ("per inference", "operations if everything fired in every step"),
    "membrane_updates": ("per inference", "changes of membrane potentials"),
    "neuron_operations": ("per inference", "arithmetic of the neurons that changed"),
    "neuron_operations_dense": ("per inference", "arithmetic of all neurons in all steps"),
    "execution_rate": ("Hz", "steps per second of data"),
    "accuracy": ("", "share of samples named right"),
    "mse": ("", "mean squared error"),
    "smape": ("%", "symmetric mean absolute percentage error, 0 to 200"),
    "r2": ("", "coefficient of determination"),
}
#: Those that a second of data may be asked for.
_PER_INFERENCE = frozenset(name for name, (unit, _) in METRICS.items() if "inference" in unit)


@dataclass(frozen=True)
class LayerRow:
    """One population.

    Attributes
    ----------
    name, size
    sparsity
        Activation sparsity; None where it sends no activations.
    spikes
        Per inference; None where they were not seen.
    updates
        Membrane updates per inference; None where there is no membrane, or it was not seen.
    operations
        Of one update.
    """

    name: str
    size: int
    sparsity: float | None
    spikes: float | None
    updates: float | None
    operations: int


@dataclass(frozen=True)
class ProjectionRow:
    """One projection; additions, products and dense operations are per inference or None."""

    name: str
    form: str
    synapses: int
    weights: int
    zeros: int
    additions: float | None
    multiplications: float | None
    dense: float | None


@dataclass(frozen=True)
class Measurement:
    """Metrics of one network, in NeuroBench's terms.

    ``found["effective_acs"]`` gives a number, or raises where it is not defined; ``in`` asks
    whether it is. Printed, it is a table.

    Attributes
    ----------
    title
        The network.
    values
        What is defined, by the names of `METRICS`.
    undefined
        What is not, with the reason.
    layers, projections
        The same by population and by projection.
    footprint_parts
        Bytes by what they are for.
    samples, steps, dt
        Inferences, steps of one, ms of data of a step; 0 samples where nothing was run.
    found
        The class that each sample was taken for, int64 (samples,); None without labels.
    """

    title: str
    values: Mapping[str, float]
    undefined: Mapping[str, str]
    layers: tuple[LayerRow, ...]
    projections: tuple[ProjectionRow, ...]
    footprint_parts: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0
    steps: float = 0.0
    dt: float = 1.0
    found: np.ndarray | None = field(default=None, compare=False, repr=False)

    def __getitem__(self, name: str) -> float:
        if name in self.values:
            return self.values[name]
        if name in self.undefined:
            raise ValidationError(f"metric {name!r}", f"is not defined: {self.undefined[name]}")
        raise UnknownNameError("Measurement", name, METRICS)

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def per_second(self, name: str) -> float:
        """A metric per second of data instead of per inference.

        Raises
        ------
        ValidationError
            If it is not one of those per inference, or not defined.
        """
        if name in METRICS and name not in _PER_INFERENCE:
            raise ValidationError(f"per_second {name!r}", "is not per inference",
                                  f"one of {sorted(_PER_INFERENCE)}")  # fmt: skip
        return self[name] / (self.steps * self.dt * 1e-3)

    @property
    def sparsity_by_layer(self) -> dict[str, float]:
        """Activation sparsity of each population whose spikes are activations."""
        return {row.name: row.sparsity for row in self.layers if row.sparsity is not None}

    def with_scores(self, **scores: float) -> Measurement:
        """The same with scores of the task added: ``accuracy``, ``mse``, ``smape``, ``r2``.

        Raises
        ------
        UnknownNameError
            If a score is none of these.
        """
        known = ("accuracy", "mse", "smape", "r2")
        for name in scores:
            if name not in known:
                raise UnknownNameError("with_scores", name, known)
        undefined = {n: why for n, why in self.undefined.items() if n not in scores}
        made = {name: float(score) for name, score in scores.items()}
        return replace(self, values=dict(self.values) | made, undefined=undefined)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not defined is under ``undefined``, with the reason."""
        return {
            "network": self.title, "samples": self.samples, "steps": self.steps, "dt": self.dt,
            **self.values,
            "per_second": {
                name: self.per_second(name) for name in METRICS
                if name in _PER_INFERENCE and name in self.values
            },
            "footprint_parts": dict(self.footprint_parts),
            "layers": [dict(vars(row)) for row in self.layers],
            "projections": [dict(vars(row)) for row in self.projections],
            "undefined": dict(self.undefined),
        }  # fmt: skip

    def __str__(self) -> str:
        rows = []
        for name, (unit, _) in METRICS.items():
            if name in self.values:
                rows.append((name, _number(self.values[name]), unit, self._each_second(name)))
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
        done = f"{self.samples:,} inferences of {self.steps:g} steps of {self.dt:g} ms"
        lines = [self.title, done if self.samples else "nothing was run"]
        lines += [
            f"  {name:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {more}".rstrip()
            for name, value, unit, more in rows
        ]
        by_layer = self.sparsity_by_layer.items()
        lines += [f"  activations of {name}: {share:.4f} sparse" for name, share in by_layer]
        lines += [f"  {name}: not defined, {why}" for name, why in self.undefined.items()]
        return "\n".join(lines)

    def _each_second(self, name: str) -> str:
        if name not in _PER_INFERENCE:
            return ""
        return f"{_number(self.per_second(name))} per second"

    def plot(self, width: float = 7.0) -> Figure:
        """Draw activation sparsity by population, and operations by projection beside it.

        Parameters
        ----------
        width
            In inches.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        ValidationError
            Where nothing was run.
        """
        if not self.samples:
            raise ValidationError("Measurement.plot", "nothing was run", "a measured run")
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import EngFormatter, MaxNLocator
        except ImportError as error:
            raise MissingExtraError("drawing", "plots") from error
        figure = Figure(figsize=(width, 0.4 * width), layout="constrained")
        left, right = figure.subplots(1, 2)
        by_layer = self.sparsity_by_layer
        left.barh(list(by_layer), list(by_layer.values()), color="C0")
        left.set(xlim=(0, 1), xlabel="activation sparsity")
        seen = [row for row in self.projections if row.additions is not None and row.dense]
        names = [row.name for row in seen]
        right.barh(names, [row.dense for row in seen], color="0.85", label="dense")
        right.barh(names, [_both(row) for row in seen], color="C1", label="effective")
        right.set_xlabel("operations per inference")
        right.xaxis.set_major_locator(MaxNLocator(4))
        right.xaxis.set_major_formatter(EngFormatter(sep=""))
        right.legend(frameon=False)
        for axes in (left, right):
            axes.invert_yaxis()
        return figure


def _both(row: ProjectionRow) -> float:
    return (row.additions or 0.0) + (row.multiplications or 0.0)


def _number(value: float) -> str:
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4f}"
