"""What is read from a NIR file: a network, and how to feed it and read it out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from .building import Built, Shown
from .dialects import Dialect
from .graph import Graph

__all__ = ["Model", "Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """What a model did.

    Attributes
    ----------
    outputs
        By name of the Output node, (steps, *shape), or (steps, samples, *shape): 1 for a spike and
        0 for none, or values.
    spikes
        The same for every population that fires.
    """

    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    spikes: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        found = self.outputs if name in self.outputs else self.spikes
        if name not in found:
            raise UnknownNameError("Run", name, (*self.outputs, *self.spikes))
        return found[name]

    @property
    def output(self) -> np.ndarray:
        """The output of a model that has one.

        Raises
        ------
        ValidationError
            If it has several.
        """
        if len(self.outputs) != 1:
            raise ValidationError("Run.output", f"there are {len(self.outputs)}", "one",
                                  f"take them by name: {', '.join(self.outputs)}")  # fmt: skip
        return next(iter(self.outputs.values()))


class Model:
    """A network that was read, with the names of its ends.

    Attributes
    ----------
    network : Network
        An ordinary description: it runs, compiles, saves and maps as any other. Each Input node is
        an `ExternalSpikes` drive and a population of its name.
    graph : Graph
        What was read, as plain data.
    dt : float
        The step in ms.
    dialect : Dialect
        By which it was read.
    inputs : dict
        Shapes by name.
    outputs : dict
        By name, where the output is read: population, variable, shape.
    """

    def __init__(
        self, graph: Graph, dt: float, dialect: Dialect, build: Callable[[float | None], Built],
        values: float | None = None,
    ) -> None:  # fmt: skip
        self.graph, self.dt, self.dialect = graph, dt, dialect
        self._build, self._values = build, values
        self._built = {values: build(values)}

    @property
    def network(self) -> Network:
        """The description."""
        return self._built[self._values].network

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Shapes by name of the Input node."""
        return dict(self._built[self._values].inputs)

    @property
    def outputs(self) -> dict[str, Shown]:
        """Where outputs are read, by name of the Output node."""
        return dict(self._built[self._values].outputs)

    def run(self, x: Any, *, on: str = "cpu", precision: str = "float64") -> Run:
        """Run from the start on given inputs.

        Parameters
        ----------
        x
            For a model with one input an array, (steps, *shape), or (steps, samples, *shape) for
            several samples at once; else a dict of such by name. Spikes as 0 and 1, or values.
        on
            ``"cpu"`` or ``"reference"``.
        precision
            ``"float64"`` or ``"float32"``; values lose precision in the latter.

        Raises
        ------
        ValidationError
            If an input has another shape, is not finite or beyond 1e6, or if values that neurons
            send each other grow beyond the limit that `read` was given.
        """
        given, batched = self._given(x)
        largest = max(float(np.abs(a).max(initial=0.0)) for a in given.values())
        built = self._for(given, largest)
        steps, samples = next(iter(given.values())).shape[:2]
        simulation = importlib.import_module("spikestack.simulation").Simulation(
            built.runnable or built.network, dt=self.dt, on=on, precision=precision, trials=samples
        )
        for name, array in given.items():
            flat = array.reshape(steps, samples, -1)
            for sample in range(samples):
                when, ids = np.nonzero(flat[:, sample])
                if len(ids):
                    counts = flat[when, sample, ids]
                    at = (when + 1.0) * self.dt
                    simulation.inject(name, ids, at, counts=counts, trial=sample)
        simulation.forward(steps)
        return _collected(simulation.recording(), built, steps, samples, batched, self.dt)

    def _for(self, given: dict[str, np.ndarray], largest: float) -> Built:
        """The network for inputs of this kind: plain spikes, or values up to some magnitude."""
        limit = self._values
        plain = all(((a == 0) | (a == 1)).all() for a in given.values())
        if (limit is None and not plain) or (limit is not None and largest > limit):
            if largest > 1e6:
                raise ValidationError("Model.run, x", f"goes up to {largest:g}", "at most 1e6")
            limit = 2.0 ** np.ceil(np.log2(max(largest, 1.0)))
            limit = min(float(limit), 1e6)
        if limit not in self._built:
            self._built[limit] = self._build(limit)
        return self._built[limit]

    def _given(self, x: Any) -> tuple[dict[str, np.ndarray], bool]:
        shapes = self.inputs
        if not isinstance(x, Mapping):
            if len(shapes) != 1:
                raise ValidationError("Model.run, x", "is one array", f"a dict with {list(shapes)}")
            x = {next(iter(shapes)): x}
        for name in x:
            if name not in shapes:
                raise UnknownNameError("Model.run, x", name, shapes)
        missing = [name for name in shapes if name not in x]
        if missing:
            raise ValidationError("Model.run, x", f"lacks {missing}", f"all of {list(shapes)}")
        made = {name: _numbers(x[name], shapes[name], name) for name in shapes}
        firsts = {array.shape[: -len(shapes[name])] for name, array in made.items()}
        if len(firsts) != 1:
            raise ValidationError("Model.run, x", f"begins with {sorted(firsts)}",
                                  "as many steps and samples of each input")  # fmt: skip
        batched = len(firsts.pop()) == 2
        return {n: a if batched else a[:, None] for n, a in made.items()}, batched


def _numbers(given: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    where = f"Model.run, x of {name!r}"
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValidationError(where, f"got {shorten(given)}", "an array of numbers") from None
    first = array.ndim - len(shape)
    if first not in (1, 2) or array.shape[first:] != shape or 0 in array.shape:
        told = ", ".join(map(str, shape))
        raise ValidationError(where, f"has shape {array.shape}",
                              f"(steps, {told}) or (steps, samples, {told})")  # fmt: skip
    if not np.isfinite(array).all():
        raise ValidationError(where, "holds NaN or infinity", "finite numbers")
    return array


def _collected(
    recording: Any, built: Built, steps: int, samples: int, batched: bool, dt: float
) -> Run:
    net, made = built.runnable or built.network, Run()

    def arranged(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        whole = array.reshape(steps, samples, *shape)
        return whole if batched else whole[:, 0]

    _check_limit(recording, built)
    for probe in net.probes:
        if probe.variable != "spikes":
            continue
        population = probe.target.population
        sent = _dense(recording[population.name], (steps, samples, population.size), dt)
        if population.name in built.late:
            sent = np.concatenate([np.zeros_like(sent[:1]), sent[:-1]])
        made.spikes[population.name] = arranged(sent, population.shape)
    for name, shown in built.outputs.items():
        if shown.variable == "spikes":
            made.outputs[name] = made.spikes[shown.population].reshape(
                *made.spikes[shown.population].shape[: 2 if batched else 1], *shown.shape
            )
            continue
        trace = recording[shown.population, "v"].values
        made.outputs[name] = arranged(np.moveaxis(np.asarray(trace), 0, 1), shown.shape)
    return made


def _check_limit(recording: Any, built: Built) -> None:
    for name in built.analog:
        most = float(np.abs(recording[name, "v"].values).max(initial=0.0))
        if most > built.limit:
            raise ValidationError("Model.run", f"values of {name!r} reach {most:g}",
                                  f"at most the limit of {built.limit:g} that neurons send",
                                  "read with a greater limit=")  # fmt: skip


def _dense(spikes: Any, shape: tuple[int, ...], dt: float) -> np.ndarray:
    """Recorded spikes as (steps, samples, neurons)."""
    made = np.zeros(shape)
    at = np.rint(spikes.times / dt).astype(np.int64) - 1
    made[at, spikes.trials, spikes.ids] = 1.0 if spikes.values is None else spikes.values
    return made
