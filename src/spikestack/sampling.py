"""Recording synapses that learn: weights, variables, traces and histograms, at an interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engines.base import AbstractEngine
from .engines.state import Learned
from .errors import MemoryLimitError, ValidationError
from .machine import available_memory
from .network.links import SynapseProbe
from .network.network import Network
from .program.learning import PlasticProgram
from .program.program import Program
from .recording import Trace

__all__ = ["SynapseSamples"]


class _Series:
    """The samples of one probe."""

    def __init__(self, network: Network, program: Program, i: int, probe: SynapseProbe) -> None:
        self.probe, self.i, self.dt = probe, i, program.dt
        plastic = program.plastic[i]
        self.projection = network.projections[probe.projection]
        self.where = f"record, projection {probe.projection!r}"
        self.every = round(probe.interval / program.dt)
        if self.every < 1 or abs(self.every * program.dt - probe.interval) > 1e-6 * program.dt:
            raise ValidationError(
                f"{self.where}, interval",
                f"{probe.interval:g} ms",
                f"a multiple of the step, {program.dt:g} ms",
            )
        self.array, self.row = _place(plastic, probe.variable)
        self.unit, self.scale = self._unit()
        self.steps: list[int] = []
        self.values: list[np.ndarray] = []

    def _unit(self) -> tuple[str, float]:
        name, unit = self.probe.variable, self.projection.synapse.unit_of_weight()
        for rule in self.projection.plasticity:
            if name in rule.synapse_units and rule.synapse_units[name] is not rule.weight_stand_in:
                unit = rule.synapse_units[name]
            elif self.array != "states" and name in rule.block.units:
                unit = rule.block.units[name]
        if name == "signal":
            return "", 1.0
        return str(unit), unit.scale

    def sample(self, step: int, learned: Learned) -> None:
        """Keep the present values: (trials, columns)."""
        probe = self.probe
        if self.array == "control":
            values = learned.control[:, 1:].astype(learned.states.dtype)
        else:
            values = getattr(learned, self.array)[:, self.row]
        if probe.synapses is not None:
            if probe.synapses[-1] >= values.shape[1]:
                raise ValidationError(
                    f"{self.where}, synapses",
                    f"{probe.synapses[-1]} of {values.shape[1]} synapses",
                    "places among those that there are",
                )
            values = values[:, probe.synapses]
        values = values / values.dtype.type(self.scale)
        if probe.bins is not None:
            values = np.stack([np.histogram(row, probe.bins)[0] for row in values])
        self.steps.append(step)
        self.values.append(values)

    def trace(self) -> Trace | None:
        """All samples; None before the first."""
        if not self.steps:
            return None
        columns = self.values[0].shape[1]
        ids = np.arange(columns) if self.probe.synapses is None else self.probe.synapses
        return Trace(
            population=self.probe.projection,
            variable=self.probe.name,
            unit="" if self.probe.bins is not None else self.unit,
            dt=self.dt,
            steps=np.array(self.steps, np.int64),
            ids=ids.astype(np.int32),
            values=np.stack(self.values, axis=1),
        )


class SynapseSamples:
    """The samples of all probes of projections in a run."""

    def __init__(self, network: Network, program: Program) -> None:
        place = {program.edges[p.edge].name: i for i, p in enumerate(program.plastic)}
        self.series = [
            _Series(network, program, place[probe.projection], probe)
            for probe in network.synapse_probes
        ]
        self.program = program

    def next_stop(self, step: int) -> int:
        """The next step after `step` at whose end something is to be sampled."""
        stops = [(step // one.every + 1) * one.every for one in self.series]
        return min(stops, default=2**62)

    def check_room(self, steps: int) -> None:
        """Raise MemoryLimitError if the samples of `steps` steps would not fit."""
        size = np.dtype(self.program.dtype).itemsize * self.program.trials
        need = 0.0
        for one in self.series:
            edges = self.program.edges[self.program.plastic[one.i].edge]
            columns = edges.expected_edges if one.array == "states" else 0
            if one.probe.synapses is not None:
                columns = len(one.probe.synapses)
            elif one.probe.bins is not None:
                columns = len(one.probe.bins)
            need += 2 * size * columns * (steps // one.every)
        if need > 2**20 and need > (there := available_memory()):
            raise MemoryLimitError(
                f"record: the samples of synapses in {steps:,} steps need about {need:,.0f} bytes; "
                f"{there:,} bytes are available; record fewer synapses, at a longer interval, or "
                "histograms (bins=...)"
            )

    def sample(self, step: int, engine: AbstractEngine) -> None:
        """Sample what is due at the end of `step`."""
        due = [one for one in self.series if step % one.every == 0]
        for i in {one.i for one in due}:
            learned = engine.learned(i)
            for one in due:
                if one.i == i:
                    one.sample(step, learned)

    def traces(self) -> dict[str, dict[str, Trace]]:
        """All that was sampled, by projection and variable."""
        found: dict[str, dict[str, Trace]] = {}
        for one in self.series:
            if (trace := one.trace()) is not None:
                found.setdefault(one.probe.projection, {})[one.probe.name] = trace
        return found

    def about(self) -> dict[str, Any]:
        """Edges of histograms, by projection and variable."""
        return {
            f"{one.probe.projection}, {one.probe.name}": one.probe.bins.tolist()
            for one in self.series
            if one.probe.bins is not None
        }


def _place(plastic: PlasticProgram, name: str) -> tuple[str, int]:
    """In which array of `Learned` a variable is, and in which row."""
    if name == "signal":
        return "control", 1
    if name == "w":
        return "states", 0
    kinds = (
        ("states", ("w", *plastic.variables)),
        ("source", plastic.sources.names),
        ("target", plastic.targets.names),
        ("modulator", plastic.modulators.names),
    )
    for array, names in kinds:
        for row, prefixed in enumerate(names):
            if prefixed.partition(".")[2] == name:
                return array, row
    raise AssertionError(name)
