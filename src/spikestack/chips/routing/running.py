"""Routed networks run: packets counted by tree, events of drives, what saturates, what learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...engines.base import Chunk
from ...network.files import network_of, plain_with_arrays
from ...program.edge_list import edge_list
from ..ledger import Ledger
from ..running import ChipRun, MappedSimulation, _Tally
from .mapping import RoutedNetwork

__all__ = ["RoutedSimulation"]

#: The states that say how many events drives brought to a neuron in a step, and how many inputs
#: were more than its ring buffers hold.
_HEARD, _SATURATED = "heard", "saturated"


class RoutedSimulation(MappedSimulation):
    """A routed network that is running, and counts while it records."""

    def __init__(self, mapped: RoutedNetwork, **settings: Any) -> None:
        self._routed = mapped
        network = network_of(*plain_with_arrays(mapped.quantised.network))
        for name in mapped.core_of:
            if _HEARD in network[name].model.block.states:
                network.record(network[name], _HEARD)
        heard = replace(mapped.quantised, network=network)
        super().__init__(replace(mapped, quantised=heard), **settings)

    def _begin(self) -> None:
        super()._begin()
        self._collector = self._tally = self._listening = _Listening(self)

    def result(self) -> ChipRun:
        """What was recorded and counted since the start."""
        made, mapped = super().result(), self._routed
        chip: Any = mapped.chip
        ledger = mapped.routed(self._listening.heard(made.ledger), chip.packets_per_link)
        counts = dict(ledger.counts) | {
            "saturations": self._saturations(), "learning updates": self._learned(),
        }  # fmt: skip
        traces = {
            name: {v: trace for v, trace in found.items() if v != _HEARD}
            for name, found in made.integers.traces.items()
        }
        integers = replace(made.integers, traces={n: found for n, found in traces.items() if found})
        return ChipRun.of(mapped, integers, replace(ledger, counts=counts))

    def _saturations(self) -> np.ndarray:
        """Inputs that ring buffers could not hold, by core."""
        made = np.zeros(len(self.mapped.cores), np.int64)
        values = self.engine.state().values
        for k, p in enumerate(self.program.populations):
            if p.name in self.mapped.core_of and _SATURATED in p.states:
                found = values[k][0, p.states.index(_SATURATED)].astype(np.int64)
                np.add.at(made, self.mapped.core_of[p.name], found)
        return made

    def _learned(self) -> np.ndarray:
        """Plastic synapses that spikes of their sources visited, by core."""
        made = np.zeros(len(self.mapped.cores), np.int64)
        sent = self._tally.counter.sent
        for plastic in self.program.plastic:
            edge = self.program.edges[plastic.edge]
            pre, post = self.program.populations[edge.pre], self.program.populations[edge.post]
            found = edge_list(edge)
            core = self.mapped.core_of[post.name][found.post]
            np.add.at(made, core, sent[pre.offset + found.pre])
        return made


class _Listening(_Tally):
    """Counts events of drives, too."""

    def __init__(self, simulation: MappedSimulation) -> None:
        super().__init__(simulation)
        populations = self.program.populations
        self.told = {
            k: populations[probe.population]
            for k, probe in enumerate(self.program.probes)
            if populations[probe.population].states[probe.state] == _HEARD
        }
        self._heard: list[np.ndarray] = []

    def add(self, chunk: Chunk, step: int) -> None:
        """Count a chunk that ends at `step`."""
        made = np.zeros((step - self.step, self.counter.cores), np.int64)
        traces = list(chunk.traces)
        for k, population in self.told.items():
            values = chunk.traces[k][1][0].astype(np.int64)
            of = self.mapped.core_of[population.name]
            for core in np.unique(of):
                made[:, core] += values[:, of == core].sum(1)
            traces[k] = (np.zeros(0, np.int64), np.zeros(0))
        self._heard.append(made)
        super().add(Chunk(chunk.spikes, tuple(traces)), step)

    def heard(self, ledger: Ledger) -> Ledger:
        """A ledger with events of drives, each at a synapse of its own."""
        if not self.told:
            return ledger
        made = np.concatenate([np.zeros((0, self.counter.cores), np.int64), *self._heard])
        names = ("sparse events", "synapse words")
        by_step = dict(ledger.by_step) | {n: ledger.by_step[n] + made for n in names}
        totals = dict(ledger.counts) | {n: ledger.counts[n] + made.sum(0) for n in names}
        return replace(ledger, counts=totals, by_step=by_step)
